import type { Command } from 'commander';
import { addVerb, type Dispatch } from '../declare.ts';
import { renderTable } from '../output/table.ts';
import { loadRuntime, type Session } from '../session.ts';

export function addRestoreCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'restore <FILE>',
    summary: 'fill an empty storage from a backup',
    args: { FILE: 'what `riskflow backup` has made' },
    examples: ['riskflow restore monday.rfb', 'riskflow restore monday.rfb --json'],
    notes: [
      'It restores into RISKFLOW_DATA or RISKFLOW_MYSQL_URL, wherever the backup came from.',
      'The storage must be empty and nobody else at work on it. The whole file is checked before anything is written. When a restore is',
      'interrupted, run it again: it starts from the beginning. Exit code 1 when a read model is not what it was at the backup.',
    ],
    action: restore,
  });
}

async function restore(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const { env, folder } = session.terminal;
  const runtime = await loadRuntime();
  const { onProgress } = session;
  const summary = await runtime.restore(runtime.readSettings(env, folder), { path, folder, onProgress });
  const different = summary.projections.filter(({ same }) => same === false);
  if (session.json) session.printJson(summary);
  else {
    session.print(renderTable([{ title: 'table' }, { title: 'rows', align: 'right' }], Object.entries(summary.rows)));
    const rows = summary.projections.map(({ workspaceId, name, rows: count, hash, same }) => [
      workspaceId,
      name,
      count,
      hash.slice(0, 16),
      same === null ? 'not known' : same ? 'yes' : 'NO',
    ]);
    session.print('');
    session.print(
      renderTable(
        [
          { title: 'workspace' },
          { title: 'read model' },
          { title: 'rows', align: 'right' },
          { title: 'hash' },
          { title: 'as at the backup' },
        ],
        rows,
      ),
    );
    session.print(`\n${summary.storage} is restored`);
  }
  for (const { name } of different)
    session.warn(`the read model ${name} is not what it was; a backup of another release may differ in form`);
  return different.length === 0 ? 0 : 1;
}
