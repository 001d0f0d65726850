import type { Executor } from '../database.ts';
import type { Counter, Dialect } from '../dialect.ts';
import { rowsOf } from '../prepared-query.ts';
import type { Column } from '../tables/table-spec.ts';
import { trouble } from './errors.ts';

const COLUMN_TYPES: Readonly<Record<Column['kind'], string>> = {
  id: 'text',
  text: 'text',
  integer: 'integer',
  real: 'real',
  bytes: 'blob',
};

/** Statements of few sizes, so that each is prepared once. SQLite takes up to 32,766 parameters. */
const INSERT_SIZES = [64, 16, 4, 1] as const;

/** About 5 ms of work, so that the event loop is never blocked for long. */
const SLICE_WEIGHT = 400;

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  tables: {
    columnType: (column) => COLUMN_TYPES[column.kind],
    options: (table) => (table.small === true ? ' strict, without rowid' : ' strict'),
    inlineIndexes: false,
  },
  keepExisting: ' on conflict do nothing',
  replaceExisting: (key, columns) =>
    ` on conflict (${key.join(', ')}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  // A writing transaction holds the one write lock from its beginning.
  lockRows: '',
  shareRows: '',
  // The first select takes the snapshot.
  beginSnapshot: ['begin', 'select count(*) as tables from sqlite_schema'],
  insertSize: (left) => INSERT_SIZES.find((size) => size <= left) ?? 1,
  rowsAreOneParameter: false,
  raiseCounter,
  looksAreFree: true,
  deleteSize: 16,
  sliceWeight: SLICE_WEIGHT,
  trouble,
};

async function raiseCounter(trx: Executor, { workspaceId, name, count }: Counter): Promise<number | undefined> {
  const text = 'update counters set n = n + ? where workspace_id = ? and name = ? returning n';
  return (await rowsOf<{ readonly n: number }>(trx, text, [count, workspaceId, name]))[0]?.n;
}
