import type { Command } from 'commander';
import { addVerb, type Dispatch } from '../declare.ts';
import { renderTable } from '../output/table.ts';
import { loadRuntime, type Session } from '../session.ts';

export function addBackupCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'backup <FILE>',
    summary: 'write all data into one file, as they are at one moment',
    args: { FILE: 'the file to make; there must be none of that name' },
    examples: ['riskflow backup monday.rfb', 'riskflow backup monday.rfb --json'],
    notes: [
      'Others may go on working. The file is compressed and not encrypted: it holds what was reported and answered. It can be restored into an',
      'SQLite file or a MySQL database, whichever it came from. Read models are not in it: they are made again.',
    ],
    action: backup,
  });
}

async function backup(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const { env, folder } = session.terminal;
  const runtime = await loadRuntime();
  const { onProgress } = session;
  const summary = await runtime.backUp(runtime.readSettings(env, folder), { path, folder, onProgress });
  if (session.json) {
    session.printJson(summary);
    return 0;
  }
  const rows = Object.entries(summary.rows);
  session.print(renderTable([{ title: 'table' }, { title: 'rows', align: 'right' }], rows));
  session.print(`\n${summary.file}: ${summary.bytes} bytes, ${summary.storage}, SHA-256 of its content ${summary.sha256}`);
  return 0;
}
