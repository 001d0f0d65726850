import { RiskflowError } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { rowInserter } from '../insert-rows.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { renderTable } from '../tables/render-table.ts';
import { schemaStateTable } from '../tables/service-tables.ts';
import { hasTable } from './steps.ts';

export type SchemaState = {
  /** 0: there are no tables yet, or not all of the first ones. */
  readonly level: number;
  /** The lowest level of a release that works with these tables. */
  readonly oldest: number;
  /** SHA-256 of the backup whose restore has begun and not ended. */
  readonly restoring: string | null;
};

/** The first release knows levels by the names of migrations, and refuses one it does not know: it must find this one only. */
const FIRST_NAME = '001-first-tables';
const NOTHING: SchemaState = { level: 0, oldest: 1, restoring: null };

/** @throws RiskflowError `unsupported` when a version wrote here that names its migrations otherwise */
export async function readSchemaState(on: Executor, dialect: Dialect): Promise<SchemaState> {
  if (!(await hasTable(on, dialect, 'migrations'))) return NOTHING;
  const names = (await rowsOf<{ readonly name: string }>(on, 'select name from migrations', [])).map(({ name }) => name);
  const unknown = names.find((name) => name !== FIRST_NAME);
  if (unknown !== undefined) throw newerError(`it has the migration ${unknown}`);
  if (names.length === 0) return NOTHING;
  if (!(await hasTable(on, dialect, 'schema_state'))) return { level: 1, oldest: 1, restoring: null };
  const [row] = await rowsOf<SchemaState>(on, 'select level, oldest, restoring from schema_state where id = 1', []);
  return row ?? { level: 1, oldest: 1, restoring: null };
}

export const newerError = (why: string): RiskflowError =>
  new RiskflowError('unsupported', `the data was written by a newer version of Riskflow (${why})`, {
    hint: 'use that version, or another data folder',
  });

/** The statements that make the tables in which the level is kept. */
export function stateTables({ tables }: Dialect): readonly string[] {
  const name = tables.columnType({ kind: 'id', length: 190, nullable: false });
  const time = tables.columnType({ kind: 'integer', length: 0, nullable: false });
  return [
    `create table if not exists migrations (name ${name} not null, applied_at ${time} not null, primary key (name))`,
    ...renderTable(schemaStateTable, tables),
  ];
}

/** Writes what is true now, as the last statement of a change. */
export async function writeSchemaState(on: Executor, dialect: Dialect, state: SchemaState & { readonly now: number }): Promise<void> {
  const { level, oldest, restoring, now } = state;
  const row = { id: 1, level, oldest, restoring, changed_at: now };
  await rowInserter(dialect, schemaStateTable, { onTaken: 'replace' })(on, [row]);
}

/** Notes for the first release that its tables are there. */
export async function writeFirstName(on: Executor, now: number): Promise<void> {
  if ((await rowsOf(on, 'select name from migrations', [])).length > 0) return;
  await execute(on, 'insert into migrations (name, applied_at) values (?, ?)', [FIRST_NAME, now]);
}
