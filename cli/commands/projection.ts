import type { Command } from 'commander';
import type { ProjectionStatus } from '../../schemas/core.ts';
import { addNoun, addVerb, type Dispatch } from '../declare.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

export function addProjectionCommands(program: Command, dispatch: Dispatch): void {
  const projection = addNoun(program, 'projection', 'look at the read models, and build them again from the events');
  addVerb(projection, dispatch, {
    name: 'rebuild [NAME]',
    summary: 'empty one read model, or all, and apply every event again',
    args: { NAME: 'a name that `projection status` prints (default: all)' },
    examples: ['riskflow projection rebuild', 'riskflow projection rebuild evaluations --json'],
    notes: ['The rows come from the events alone: the hash is the same before and after.'],
    action: rebuild,
  });
  addVerb(projection, dispatch, {
    name: 'status',
    summary: 'print how far each read model is, and the hash of its rows',
    examples: ['riskflow projection status', 'riskflow projection status --json'],
    action: status,
  });
}

async function rebuild(session: Session, command: Command): Promise<number> {
  const [name] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const { onProgress } = session;
    print(session, await runtime.rebuildProjections(context, { onProgress, ...(name === undefined ? {} : { name }) }));
    return 0;
  });
}

async function status(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    print(session, await runtime.projectionStatus(context));
    return 0;
  });
}

function print(session: Session, projections: readonly ProjectionStatus[]): void {
  if (session.json) {
    session.printJson({ projections });
    return;
  }
  const rows = projections.map(({ name, log, rows: count, checkpoint, head, hash }) => [
    name,
    count,
    `${log} ${checkpoint} of ${head}`,
    hash.slice(0, 16),
  ]);
  session.print(
    renderTable([{ title: 'projection' }, { title: 'rows', align: 'right' }, { title: 'checkpoint' }, { title: 'hash' }], rows),
  );
}
