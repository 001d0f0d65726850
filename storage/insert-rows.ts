import type { Database, Executor } from './database.ts';
import type { Dialect } from './dialect.ts';
import { execute } from './prepared-query.ts';
import type { RowOf, SqlRow, SqlValue, TableSpec } from './tables/table-spec.ts';

/** What happens to a row whose key is taken. */
export type OnTaken =
  /** The statement fails. */
  | 'fail'
  /** The row there stays as it is. */
  | 'keep'
  /** All of its columns outside the key are set, except those named in `keepColumns`. */
  | 'replace';

export type InsertOptions<S extends TableSpec> = {
  readonly onTaken: OnTaken;
  readonly keepColumns?: readonly (keyof S['columns'] & string)[];
  /** The name of a copy of the table. */
  readonly into?: string;
};

/** A statement stays well below the 64 MB that MySQL takes in one packet by default. */
const MAX_STATEMENT_BYTES = 4 << 20;

/** Inserts rows with few statements. */
export async function insertRows<S extends TableSpec>(
  on: { readonly dialect: Dialect; readonly trx: Executor },
  table: S,
  rows: readonly RowOf<S>[],
  options: InsertOptions<S>,
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(table.columns);
  const head = `insert into ${options.into ?? table.name} (${columns.join(', ')}) values `;
  const row = `(${columns.map(() => '?').join(', ')})`;
  const tail = tailOf(on.dialect, table, options);
  let at = 0;
  while (at < rows.length) {
    let size = on.dialect.insertSize(rows.length - at);
    const parameters: SqlValue[] = [];
    let bytes = 0;
    for (let i = 0; i < size; i++) {
      bytes += pushRow(parameters, columns, rows[at + i] as SqlRow);
      if (bytes > MAX_STATEMENT_BYTES) size = i + 1;
    }
    await execute(on.trx, `${head}${Array.from({ length: size }, () => row).join(', ')}${tail}`, parameters);
    at += size;
  }
}

function pushRow(parameters: SqlValue[], columns: readonly string[], row: SqlRow): number {
  let bytes = 0;
  for (const column of columns) {
    const value = row[column] ?? null;
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
    parameters.push(value);
  }
  return bytes;
}

function tailOf<S extends TableSpec>(dialect: Dialect, table: S, options: InsertOptions<S>): string {
  if (options.onTaken === 'fail') return '';
  if (options.onTaken === 'keep') return dialect.keepExisting;
  const kept = new Set<string>([...table.primaryKey, ...(options.keepColumns ?? [])]);
  return dialect.replaceExisting(
    table.primaryKey,
    Object.keys(table.columns).filter((column) => !kept.has(column)),
  );
}

export const onTransaction = (database: Database, trx: Executor): { readonly dialect: Dialect; readonly trx: Executor } => ({
  dialect: database.dialect,
  trx,
});
