import { RiskflowError } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { checkUsable, currentLevel, migrate, pendingMigrations } from './migrate.ts';
import type { Migration } from './migration.ts';
import { readSchemaState } from './schema-state.ts';

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
  // What is only to be dropped is in nobody's way.
  const pending = pendingMigrations(state, migrations);
  const needed = pending.slice(0, pending.findLastIndex(({ kind }) => kind === 'expand') + 1);
  const last = needed[needed.length - 1];
  if (last === undefined) return;
  if (policy.migrates === 'never' || needed.some(({ kind }) => kind === 'contract')) {
    throw new RiskflowError('unsupported', `the tables have level ${state.level}, and this release needs level ${last.level}`, {
      hint: 'run `riskflow migrate` (with --plan it only says what it would do); the release before goes on working meanwhile',
    });
  }
  await policy.copy(state.level);
  await migrate({ database, migrations }, last.level);
}
