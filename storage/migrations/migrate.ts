import { RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { refuseWhileInUse } from '../operations/presence.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { type AddStep, type Migration, oldestAfter } from './migration.ts';
import { newerError, readSchemaState, type SchemaState, stateTables, writeFirstName, writeSchemaState } from './schema-state.ts';
import { changesBack, changesOf } from './steps.ts';

export type MigrationRun = {
  readonly database: Database;
  readonly migrations: readonly Migration[];
  /** Told of every statement after it was executed. */
  readonly onStatement?: ((statement: string) => void) | undefined;
};

export const currentLevel = (migrations: readonly Migration[]): number => migrations[migrations.length - 1]?.level ?? 0;

/** @throws RiskflowError `unsupported` when this release does not work with the tables, `failed` after half a restore */
export function checkUsable({ level, oldest, restoring }: SchemaState, migrations: readonly Migration[]): void {
  const ours = currentLevel(migrations);
  if (ours < oldest)
    throw newerError(`its tables have level ${level}, and releases below level ${oldest}, as this one of ${ours}, are too old`);
  if (restoring !== null) {
    throw new RiskflowError('failed', 'a restore into this storage has begun and not ended: it holds a part of the data only', {
      hint: 'run `riskflow restore FILE` again; it starts from the beginning',
    });
  }
}

/** Those that are still to come for a state, in order. */
export const pendingMigrations = (state: SchemaState, migrations: readonly Migration[]): readonly Migration[] =>
  migrations.filter(({ level }) => level > state.level);

/**
 * Applies migrations up to a level, one after the other. Each ends with the row that says so: whatever fails before it leaves
 * tables with which the release before works as it did, and may be run again.
 */
export function migrate(run: MigrationRun, upTo: number): Promise<readonly Migration[]> {
  const { database, migrations } = run;
  return database.alone(async (on) => {
    const state = await readSchemaState(on, database.dialect);
    checkUsable(state, migrations);
    const pending = pendingMigrations(state, migrations).filter(({ level }) => level <= upTo);
    if (pending.length > 0) for (const statement of stateTables(database.dialect)) await perform(run, on, statement);
    for (const migration of pending) await apply(run, on, migration);
    if (state.level === 0 && pending.length > 0) {
      // Last of all: until now others see an empty storage, and wait for us.
      await writeFirstName(on, database.now());
      run.onStatement?.('note the first tables');
    }
    return pending;
  });
}

async function perform({ onStatement }: MigrationRun, on: Executor, statement: string): Promise<void> {
  await execute(on, statement);
  onStatement?.(statement);
}

async function apply(run: MigrationRun, on: Executor, migration: Migration): Promise<void> {
  const { database, migrations, onStatement } = run;
  const { level } = migration;
  for (const change of changesOf(migration, database.dialect)) {
    if (await change.isDone(on)) continue;
    for (const statement of change.statements) await perform(run, on, statement);
  }
  await writeSchemaState(on, database.dialect, { level, oldest: oldestAfter(migrations, level), restoring: null, now: database.now() });
  onStatement?.(`note level ${level}`);
}

/**
 * Goes one level back, to the tables of the release before. Nobody may be at work on them.
 * @throws RiskflowError before anything is changed, when that cannot be done without a loss
 */
export function migrateBack(run: MigrationRun): Promise<Migration> {
  const { database, migrations } = run;
  return database.alone(async (on) => {
    const state = await readSchemaState(on, database.dialect);
    checkUsable(state, migrations);
    const { migration, steps } = reversible(state, migrations);
    await refuseLoss(on, steps);
    await refuseWhileInUse(on, database.now());
    const level = state.level - 1;
    // First of all: whoever opens it from now on finds the level below, whose release needs none of what goes.
    await writeSchemaState(on, database.dialect, { level, oldest: oldestAfter(migrations, level), restoring: null, now: database.now() });
    run.onStatement?.(`note level ${level}`);
    for (const change of changesBack(steps, database.dialect)) {
      for (const statement of change.statements) await perform(run, on, statement);
    }
    return migration;
  });
}

function reversible(
  { level }: SchemaState,
  migrations: readonly Migration[],
): { readonly migration: Migration; readonly steps: readonly AddStep[] } {
  if (level <= 1) throw new RiskflowError('usage', `there is no level below ${level} to go back to`);
  const migration = migrations.find((each) => each.level === level);
  if (migration === undefined) throw newerError(`its tables have level ${level}, which this release does not know how to undo`);
  if (migration.kind === 'expand') return { migration, steps: migration.steps };
  throw new RiskflowError(
    'usage',
    `level ${level} (${migration.name}) has dropped what the level below needs: there is no way back from it`,
    {
      hint: 'nothing was changed; restore the backup that was made before it into an empty storage',
    },
  );
}

async function refuseLoss(on: Executor, steps: readonly AddStep[]): Promise<void> {
  for (const step of steps) {
    if ('addIndex' in step || step.derived) continue;
    const [table, what, where] =
      'addTable' in step
        ? [step.addTable.name, `the table ${step.addTable.name}`, '']
        : [step.to, `the column ${step.addColumn} of ${step.to}`, ` where ${step.addColumn} is not null`];
    if ((await rowsOf(on, `select 1 as yes from ${table}${where} limit 1`, [])).length === 0) continue;
    throw new RiskflowError('usage', `${what} holds facts by now, which going back would lose`, {
      hint: 'nothing was changed; the release before also works with the tables as they are',
    });
  }
}

/** What a migration would do, as a person reads it: the changes that are not done yet. */
export async function describe(
  on: Executor | undefined,
  dialect: Dialect,
  migration: Migration,
): Promise<readonly { readonly what: string; readonly statements: readonly string[] }[]> {
  const left: { readonly what: string; readonly statements: readonly string[] }[] = [];
  for (const { what, statements, isDone } of changesOf(migration, dialect)) {
    if (on === undefined || !(await isDone(on))) left.push({ what, statements });
  }
  return left;
}
