import { RiskflowError } from '../schemas/core.ts';
import type { Executor } from './database.ts';
import type { Dialect } from './dialect.ts';
import { execute, rowsOf } from './prepared-query.ts';
import { projectionTables } from './projections/projection-tables.ts';
import { primaryTables } from './tables/primary-tables.ts';
import { renderTable } from './tables/render-table.ts';

/**
 * A step that brings the tables from one released form to the next. Steps are never changed after a release; a change of a
 * projection's table is a step that drops it, makes it anew and forgets its checkpoint. MySQL commits every statement that
 * makes a table, so a step must be able to run again after half of it.
 */
type Migration = { readonly name: string; readonly statements: (dialect: Dialect) => readonly string[] };

const migrations: readonly Migration[] = [
  {
    name: '001-first-tables',
    statements: ({ tables }) => [...primaryTables, ...projectionTables].flatMap((table) => renderTable(table, tables)),
  },
];

/**
 * Runs the steps that were not run yet. The caller holds a lock that keeps other processes from doing the same.
 * @throws RiskflowError `unsupported` when a newer Riskflow has written here
 */
export async function migrate(on: Executor, dialect: Dialect, now: () => number): Promise<void> {
  const name = dialect.tables.columnType({ kind: 'id', length: 190, nullable: false });
  const time = dialect.tables.columnType({ kind: 'integer', length: 0, nullable: false });
  await execute(on, `create table if not exists migrations (name ${name} not null, applied_at ${time} not null, primary key (name))`);
  const applied = new Set((await rowsOf<{ readonly name: string }>(on, 'select name from migrations', [])).map((row) => row.name));
  const unknown = Array.from(applied).find((each) => !migrations.some((migration) => migration.name === each));
  if (unknown !== undefined) {
    throw new RiskflowError('unsupported', `the data was written by a newer version of Riskflow (it has the migration ${unknown})`, {
      hint: 'use that version, or another data folder',
    });
  }
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue;
    for (const statement of migration.statements(dialect)) await execute(on, statement);
    await execute(on, 'insert into migrations (name, applied_at) values (?, ?)', [migration.name, now()]);
  }
}
