import { CompiledQuery } from 'kysely';
import type { Executor } from '../database.ts';
import type { Counter, Dialect } from '../dialect.ts';
import type { Column } from '../tables/table-spec.ts';
import { trouble } from './errors.ts';

/** A statement is a round trip, so it may as well be long; there is nothing to prepare. */
const MAX_INSERT = 500;

/** The server works while the event loop goes on: as much as keeps a statement of a moderate size. */
const SLICE_WEIGHT = 2_000;

/**
 * `collation`: one that compares text byte by byte and does not take blanks at the end for nothing, as `utf8mb4_bin` would. It
 * has another name in MySQL and MariaDB.
 */
export const mysqlDialect = (collation: string): Dialect => ({
  name: 'mysql',
  tables: {
    columnType: columnType,
    options: () => ` engine = innodb row_format = dynamic default character set = utf8mb4 collate = ${collation}`,
    inlineIndexes: true,
  },
  // Not "insert ignore", which would also swallow a value that is too long.
  keepExisting: ' on duplicate key update workspace_id = workspace_id',
  // MariaDB has no row alias; both have values().
  replaceExisting: (_key, columns) => ` on duplicate key update ${columns.map((column) => `${column} = values(${column})`).join(', ')}`,
  lockRows: ' for update',
  shareRows: ' lock in share mode',
  beginSnapshot: ['set transaction isolation level repeatable read', 'start transaction with consistent snapshot, read only'],
  insertSize: (left) => Math.min(left, MAX_INSERT),
  rowsAreOneParameter: true,
  raiseCounter,
  raiseWithNext: {
    statement: ({ workspaceId, name, count }) => ({ ...CompiledQuery.raw(RAISE, [workspaceId, name, count, count]), deferrable: true }),
    number: (before) => ({ toSqlString: () => `last_insert_id() - ${before}` }),
  },
  looksAreFree: false,
  deleteSize: 500,
  sliceWeight: SLICE_WEIGHT,
  trouble,
});

const RAISE =
  'insert into counters (workspace_id, name, n) values (?, ?, last_insert_id(?)) on duplicate key update n = last_insert_id(n + ?)';

/** The new value comes with the answer to the update (https://dev.mysql.com/doc/refman/8.4/en/information-functions.html#function_last-insert-id). */
async function raiseCounter(trx: Executor, { workspaceId, name, count }: Counter): Promise<number | undefined> {
  const text = 'update counters set n = last_insert_id(n + ?) where workspace_id = ? and name = ?';
  const { insertId, numAffectedRows } = await trx.executeQuery(CompiledQuery.raw(text, [count, workspaceId, name]));
  return numAffectedRows === 0n || insertId === undefined ? undefined : Number(insertId);
}

function columnType({ kind, length }: Column): string {
  switch (kind) {
    case 'id':
      return `varchar(${length})`;
    case 'integer':
      return 'bigint';
    case 'real':
      return 'double';
    case 'text':
      return 'longtext';
    case 'bytes':
      return 'longblob';
  }
}
