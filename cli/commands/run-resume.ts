import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import type { InterruptedRun } from '../../runtime/index.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { followRun } from './run-follow.ts';

/** Goes on with an interrupted run, as it was begun. */
export async function resumeRun(session: Session, command: Command): Promise<number> {
  refuseOtherParts(command, '--resume goes on with a run as it was begun');
  // True where no id was given.
  const { resume, events = false } = command.opts<{ resume: string | true; events?: boolean }>();
  return withApp(session, async (work) => {
    const runId = resume === true ? (await onlyInterrupted(work)).runId : resume;
    return followRun(session, work, {
      events,
      onBegun: () => session.notice(`run ${runId} goes on where it was interrupted`),
      drive: async (watch) => {
        const run = await work.runtime.resumeRun(work.context, runId, watch);
        if (run.wasOver) session.notice(`run ${runId} was over already, so nothing was done: this is its result`);
        return run;
      },
    });
  });
}

/** All that a run is begun with was recorded then. */
export function refuseOtherParts(command: Command, why: string, allowed: readonly string[] = []): void {
  const [reference] = command.args;
  const given = command.options.find(
    (option) =>
      BEGIN_ONLY.has(option.attributeName()) &&
      !allowed.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  const part = reference === undefined ? given?.long : `the flow ${reference}`;
  if (part === undefined) return;
  throw new RiskflowError('usage', `${why}, so ${part} cannot be given with it`, {
    hint: 'riskflow run --resume [RUN_ID] goes on, riskflow run --stop RUN_ID stops; riskflow run FLOW begins a new run',
  });
}

const BEGIN_ONLY: ReadonlySet<string> = new Set(['inputs', 'query', 'pin', 'mapModel', 'batch', 'concurrency']);
/** Named in one sentence at most; the others are counted. */
const LISTED = 10;

async function onlyInterrupted({ runtime, context }: Work): Promise<InterruptedRun> {
  const runs = await runtime.interruptedRuns(context);
  const [first, ...others] = runs;
  if (first === undefined)
    throw new RiskflowError('not_found', 'no run is interrupted, so there is none to go on with', {
      hint: 'begin one with: riskflow run FLOW',
    });
  if (others.length === 0) return first;
  // The newest first: it is most likely the one that is meant.
  const listed = runs.toReversed().slice(0, LISTED).map(lineOf);
  const more = runs.length > LISTED ? `, and ${runs.length - LISTED} older ones` : '';
  throw new RiskflowError('usage', `${runs.length} runs are interrupted: name the one to go on with, riskflow run --resume RUN_ID`, {
    hint: `they are: ${listed.join(', ')}${more}`,
  });
}

const lineOf = ({ runId, flow, since }: InterruptedRun): string =>
  `${runId} (flow ${flow}, since ${new Date(since).toISOString().slice(0, 19).replace('T', ' ')} UTC)`;

/** One line for a user who begins another run, or null when none is interrupted. */
export async function interruptionNotice({ runtime, context }: Work): Promise<string | null> {
  const [first, ...others] = await runtime.interruptedRuns(context);
  if (first === undefined) return null;
  return others.length === 0
    ? `run ${first.runId} of flow ${first.flow} was interrupted; go on with: riskflow run --resume`
    : `${others.length + 1} runs were interrupted; riskflow run --resume lists them`;
}
