import { CompiledQuery } from 'kysely';
import type { Executor } from './database.ts';
import type { DeferrableQuery } from './deferred-query.ts';
import type { Dialect } from './dialect.ts';
import type { RowOf, SqlExpression, SqlValue, TableSpec } from './tables/table-spec.ts';

/** What happens to a row whose key is taken. */
type OnTaken =
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

/** Expressions only where the dialect gave them. */
type NewRow<S extends TableSpec> = { readonly [C in keyof RowOf<S>]: RowOf<S>[C] | SqlExpression };
export type InsertRows<S extends TableSpec> = (on: Executor, rows: readonly NewRow<S>[]) => Promise<void>;

/** A statement stays well below the 64 MB that MySQL takes in one packet by default. */
const MAX_STATEMENT_BYTES = 4 << 20;

/** Makes a function that inserts any number of rows into a table with few statements, whose texts are made once. */
export function rowInserter<S extends TableSpec>(dialect: Dialect, table: S, options: InsertOptions<S>): InsertRows<S> {
  const columns = Object.keys(table.columns);
  const queries = new Map<number, CompiledQuery>();
  const queryFor = (size: number): CompiledQuery => {
    const known = queries.get(size);
    if (known !== undefined) return known;
    const made = CompiledQuery.raw(insertText(dialect, table, options, size));
    queries.set(size, made);
    return made;
  };
  return async (on, rows) => {
    let at = 0;
    while (at < rows.length) {
      const values = nextStatement(columns, rows.slice(at, at + dialect.insertSize(rows.length - at)));
      const size = values.length;
      const query: DeferrableQuery = dialect.rowsAreOneParameter
        ? { ...queryFor(1), parameters: [values], deferrable: true }
        : { ...queryFor(size), parameters: values.flat(), deferrable: true };
      await on.executeQuery(query);
      at += size;
    }
  };
}

type NewValue = SqlValue | SqlExpression;

/** As many of the rows as fit into a statement. */
function nextStatement(columns: readonly string[], rows: readonly Readonly<Record<string, NewValue>>[]): readonly (readonly NewValue[])[] {
  const values: (readonly NewValue[])[] = [];
  let bytes = 0;
  for (const row of rows) {
    const list = columns.map((column) => row[column] ?? null);
    for (const value of list) {
      if (typeof value === 'string') bytes += value.length;
      else if (value instanceof Uint8Array) bytes += value.byteLength;
    }
    values.push(list);
    // A size of its own is a text of its own where each value has its mark, which matters little beside so many bytes.
    if (bytes > MAX_STATEMENT_BYTES) break;
  }
  return values;
}

function insertText<S extends TableSpec>(dialect: Dialect, table: S, options: InsertOptions<S>, size: number): string {
  const columns = Object.keys(table.columns);
  const row = `(${columns.map(() => '?').join(', ')})`;
  const rows = dialect.rowsAreOneParameter ? '?' : Array.from({ length: size }, () => row).join(', ');
  return `insert into ${options.into ?? table.name} (${columns.join(', ')}) values ${rows}${tailOf(dialect, table, options)}`;
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
