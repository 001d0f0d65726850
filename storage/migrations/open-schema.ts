import { isRiskflowError, RiskflowError } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { checkUsable, currentLevel, migrate, pendingMigrations } from './migrate.ts';
import type { Migration } from './migration.ts';
import { readSchemaState, type SchemaState } from './schema-state.ts';

/** What opening a storage may do to tables of an earlier level. */
export type OpenPolicy =
  /** Nothing: a person says when (`riskflow migrate`). */
  | { readonly migrates: 'never' }
  /** Add what is missing, after `copy` has put the data aside. */
  | { readonly migrates: 'additions'; readonly copy: (level: number) => Promise<string> };

/**
 * Makes sure that the tables are there and fit this release. An empty storage gets all of them, whatever the policy. Any number of processes
 * may do so at once: one makes them, the others wait.
 * @throws RiskflowError `unsupported` when they do not fit, and are not to be changed here
 */
export async function openSchema(database: Database, migrations: readonly Migration[], policy: OpenPolicy): Promise<void> {
  const state = await readSchemaState(database.read, database.dialect);
  checkUsable(state, migrations);
  if (state.level === 0) {
    await migrate({ database, migrations }, currentLevel(migrations));
    return;
  }
  const needed = neededMigrations(state, migrations);
  const last = needed[needed.length - 1];
  if (last === undefined) return;
  if (policy.migrates === 'never' || needed.some(({ kind }) => kind === 'contract')) {
    throw new RiskflowError('unsupported', tooLow(state, last), {
      hint: 'run `riskflow migrate` (with --plan it only says what it would do); the release before goes on working meanwhile',
    });
  }
  await policy.copy(state.level);
  await migrate({ database, migrations }, last.level);
}

/** Those that are to come before this release can work. What is only to be dropped is in nobody's way. */
function neededMigrations(state: SchemaState, migrations: readonly Migration[]): readonly Migration[] {
  const pending = pendingMigrations(state, migrations);
  return pending.slice(0, pending.findLastIndex(({ kind }) => kind === 'expand') + 1);
}

const tooLow = ({ level }: SchemaState, needed: Migration): string =>
  `the tables have level ${level}, and this release needs level ${needed.level}`;

/** Why a release cannot work with the tables of an open storage as they are now, in a sentence; undefined when it can. */
export async function unfitReason(
  { read, dialect }: Pick<Database, 'read' | 'dialect'>,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  try {
    const state = await readSchemaState(read, dialect);
    return misfitOf(state, migrations);
  } catch (error) {
    // A newer version made them. Whatever else is wrong says nothing about the tables.
    if (isRiskflowError(error) && error.code === 'unsupported') return error.message;
    throw error;
  }
}

function misfitOf(state: SchemaState, migrations: readonly Migration[]): string | undefined {
  try {
    checkUsable(state, migrations);
  } catch (error) {
    if (isRiskflowError(error)) return error.message;
    throw error;
  }
  const last = neededMigrations(state, migrations).at(-1);
  return last === undefined ? undefined : tooLow(state, last);
}
