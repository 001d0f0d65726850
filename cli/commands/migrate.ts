import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import type { Migrated, MigrationPlan } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { loadRuntime, type Session } from '../session.ts';

type MigrateOptions = {
  readonly plan?: boolean;
  readonly back?: boolean;
  readonly sql?: boolean;
  /** False with --no-backup. */
  readonly backup?: string | false;
};

export function addMigrateCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'migrate',
    summary: 'bring the tables of the storage to this release, and register what Temporal is searched by',
    options: [
      option('--plan', 'only say what would be done; changes nothing'),
      option('--sql', 'show the statements too'),
      option('--backup <FILE>', 'make a backup there first, as `riskflow backup` does, also when nothing is to be migrated'),
      option('--no-backup', 'drop what earlier releases used without one'),
      option('--back', 'go one level back, to the tables of the release before'),
    ],
    examples: ['riskflow migrate --plan', 'riskflow migrate --backup before.rfb', 'riskflow migrate --back'],
    notes: [
      'Run it before the processes of the new release start: those of the release before work on with the new tables. What fails may be run',
      'again. A data file is copied beside itself first. On MySQL a migration that drops something wants --backup FILE or --no-backup.',
      '--back changes nothing when it would lose something, or while a process is up or a run goes on, which it names.',
    ],
    action: migrate,
  });
}

async function migrate(session: Session, command: Command): Promise<number> {
  const { plan = false, back = false, sql = false, backup } = command.opts<MigrateOptions>();
  if (plan && back) throw new RiskflowError('usage', 'migrate: --plan and --back do not go together');
  if (back && backup !== undefined) throw new RiskflowError('usage', 'migrate: --back makes no backup; run `riskflow backup` first');
  const runtime = await loadRuntime();
  const settings = runtime.readSettings(session.terminal.env, session.terminal.folder);
  const onStatement = (statement: string): void => (sql ? session.notice(statement) : undefined);
  if (plan) printPlan(session, await runtime.planMigration(settings), sql);
  else if (back) printBack(session, await runtime.migrateBack(settings, { onStatement }));
  else {
    const { onProgress } = session;
    const given = typeof backup === 'string' ? { backup } : backup === false ? { noBackup: true } : {};
    const done = await runtime.migrateAll(settings, { ...given, onProgress, onStatement });
    if (typeof backup === 'string' && done.backup === null) session.notice('there were no tables yet, so there is no backup');
    printMigrated(session, done);
  }
  return 0;
}

function printPlan(session: Session, plan: MigrationPlan, sql: boolean): void {
  if (session.json) {
    session.printJson(plan);
    return;
  }
  const { schema, storage, namespace } = plan;
  if (schema === null || schema.level === 0) session.print(`${storage} has no tables yet: they would all be made`);
  else if (schema.pending.length === 0) session.print(`${storage} has level ${schema.level}: nothing is to be done`);
  else session.print(`${storage} has level ${schema.level}; this release works with level ${schema.ours}`);
  if (schema !== null && schema.level > 0) {
    for (const { level, name, kind, changes } of schema.pending) {
      session.print(`\nlevel ${level}: ${name} (${kind === 'expand' ? 'adds only' : 'drops what earlier releases used'})`);
      for (const { what, statements } of changes) {
        session.print(`  ${what}`);
        if (sql) for (const statement of statements) session.print(`    ${statement.replaceAll('\n', '\n    ')};`);
      }
    }
    if (schema.pending.length > 0) session.print(`\nafterwards releases from level ${schema.oldestAfter} on work with these tables`);
  }
  if (namespace !== null) session.print(`the search attributes of Temporal's namespace ${namespace} would be looked after`);
}

function printMigrated(session: Session, done: Migrated): void {
  const { storage, schema, backup, searchAttributes } = done;
  if (session.json) {
    session.printJson(done);
    return;
  }
  if (backup !== null) session.print(`the backup is ${backup.file} (SHA-256 of its content ${backup.sha256.slice(0, 16)}…)`);
  if (schema.copy !== null) session.print(`the data file as it was is ${schema.copy}`);
  if (schema.applied.length === 0) session.print(`${storage} has level ${schema.to}: nothing was to be done`);
  else
    session.print(`${storage} went from level ${schema.from} to level ${schema.to}: ${schema.applied.map(({ name }) => name).join('; ')}`);
  if (searchAttributes === null) return;
  const { registered, present } = searchAttributes;
  session.print(`search attributes of Temporal: ${registered.length} registered, ${present.length} were there`);
}

function printBack(session: Session, done: Pick<Migrated, 'storage' | 'schema'>): void {
  if (session.json) session.printJson(done);
  else session.print(`${done.storage} went back from level ${done.schema.from} to level ${done.schema.to}; start the release before now`);
}
