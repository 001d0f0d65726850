import type { Command } from 'commander';
import type { SourceWish } from '../../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../../declare.ts';
import { withApp, type Session } from '../../session.ts';

const reason = () => option('--reason <TEXT>', 'why, for those who look at it later');
const args = { ID: 'name of the source' };

export function addSourceControls(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'pause <ID>',
    summary: 'read and decide nothing more until it is resumed',
    args,
    options: [reason()],
    examples: ['riskflow source pause reports --reason "the flow is being mended"'],
    action: (session, command) => control(session, command, 'pause'),
  });
  addVerb(source, dispatch, {
    name: 'resume <ID>',
    summary: 'go on with a source that is paused',
    args,
    options: [reason()],
    examples: ['riskflow source resume reports'],
    action: (session, command) => control(session, command, 'run'),
  });
  addVerb(source, dispatch, {
    name: 'stop <ID>',
    summary: 'end the work on a source; while it is stopped its offsets can be changed',
    args,
    options: [reason()],
    examples: ['riskflow source stop reports'],
    action: (session, command) => control(session, command, 'stop'),
  });
  addVerb(source, dispatch, {
    name: 'kill <ID>',
    summary: 'turn the kill switch on: no flow runs, and every record gets the fallback or waits',
    args,
    options: [reason()],
    examples: ['riskflow source kill reports --reason "blocks everybody"'],
    notes: ['The fallback is decide.fallback of its settings: open lets records pass, closed does not, none lets them wait.'],
    action: (session, command) => turn(session, command, true),
  });
  addVerb(source, dispatch, {
    name: 'revive <ID>',
    summary: 'turn the kill switch off',
    args,
    options: [reason()],
    examples: ['riskflow source revive reports'],
    action: (session, command) => turn(session, command, false),
  });
}

const WORDS: Readonly<Record<SourceWish, string>> = { run: 'is to run', pause: 'is paused', stop: 'is stopped' };

async function control(session: Session, command: Command, wish: SourceWish): Promise<number> {
  const [sourceId = ''] = command.args;
  const { reason: text = `source ${command.name()}` } = command.opts<{ reason?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { changed } = await runtime.controlSource(context, sourceId, { wish, reason: text });
    if (session.json) session.printJson({ sourceId, wish, changed });
    else session.print(`source ${sourceId} ${WORDS[wish]}${changed ? '' : ' already'}`);
    if (wish === 'run') session.notice(`riskflow start works on it, or riskflow source start ${sourceId}`);
    return 0;
  });
}

async function turn(session: Session, command: Command, killed: boolean): Promise<number> {
  const [sourceId = ''] = command.args;
  const { reason: text = `source ${command.name()}` } = command.opts<{ reason?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { changed } = await runtime.switchSource(context, sourceId, { killed, reason: text });
    if (session.json) session.printJson({ sourceId, killed, changed });
    else session.print(`the kill switch of source ${sourceId} ${changed ? 'is now' : 'was'} ${killed ? 'on' : 'off'}`);
    return 0;
  });
}
