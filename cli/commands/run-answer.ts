import type { Command } from 'commander';
import { RiskflowError, toJsonText } from '../../schemas/core.ts';
import type { OpenQuestion } from '../../runtime/index.ts';
import { readInputs } from '../options/flow-inputs.ts';
import { withApp, type Session } from '../session.ts';
import { followRun } from './run-follow.ts';
import { refuseOtherParts } from './run-resume.ts';

type AnswerOptions = { readonly action?: string; readonly node?: string; readonly inputs: string; readonly events?: boolean };

/** Shows what a run asks people, or answers it and goes on with the run. */
export async function answerRun(session: Session, command: Command, runId: string): Promise<number> {
  const { action, node, inputs, events = false } = command.opts<AnswerOptions>();
  refuseOtherParts(command, '--answer goes on with a run as it was begun', ['inputs']);
  if (action === undefined) return showQuestions(session, runId);
  const values = await readInputs(session.terminal, inputs);
  return withApp(session, async ({ runtime, context, ...work }) => {
    const answer = { runId, action, values, onWarning: session.warn, ...(node === undefined ? {} : { node }) };
    const { goesOn } = await runtime.answerRun(context, answer);
    if (goesOn === 'owner') {
      if (session.json) session.printJson({ runId, answered: true });
      else session.print(`run ${runId} is answered, and whoever drives it goes on`);
      return 0;
    }
    return followRun(session, { runtime, context, ...work }, { events, drive: (watch) => runtime.resumeRun(context, runId, watch) });
  });
}

async function showQuestions(session: Session, runId: string): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const questions = await runtime.openQuestions(context, runId);
    if (session.json) session.printJson({ runId, questions: questions.map(documentOf) });
    else if (questions.length === 0) session.print(`run ${runId} asks nobody anything now`);
    else for (const question of questions) printQuestion(session, question);
    return 0;
  });
}

const documentOf = ({ nodeId, place, title, form, fields, actions, until }: OpenQuestion): object => ({
  node: nodeId,
  place,
  title,
  form,
  fields: fields.map((field) => ({ ...field, default: JSON.parse(toJsonText(field.default)) as unknown })),
  actions,
  until: until === null ? null : new Date(until).toISOString(),
});

function printQuestion(session: Session, { place, title, form, fields, actions, until }: OpenQuestion): void {
  session.print(session.style.bold(`${title} (${place})`));
  session.print(form);
  for (const { name, type, default: value } of fields)
    session.print(`  ${name} (${type})${value === null ? '' : `: ${toJsonText(value)} unless given`}`);
  session.print(`actions: ${actions.map((action) => `${action.id} (${action.title})`).join(', ')}`);
  if (until !== null)
    session.print(`after ${new Date(until).toISOString().slice(0, 19).replace('T', ' ')} UTC nobody is waited for any more`);
}

/** A word about the mistake of giving an action without a run. */
export function refuseLoneAction(options: { readonly action?: string; readonly node?: string }): void {
  const lone = options.action !== undefined ? '--action' : options.node !== undefined ? '--node' : undefined;
  if (lone === undefined) return;
  throw new RiskflowError('usage', `run: ${lone} is for --answer RUN_ID`, { hint: 'riskflow run --help has an example' });
}
