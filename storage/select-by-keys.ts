import type { Executor } from './database.ts';
import { rowsOf } from './prepared-query.ts';
import type { SqlValue } from './tables/table-spec.ts';

/** More than these in one statement buys nothing. */
const MAX_KEYS = 256;

/**
 * Rows of `table` in which `equal` columns have the given values and `column` has one of `keys`. The lists are filled up,
 * so that there are few statements to prepare.
 */
export async function selectByKeys<R>(
  on: Executor,
  query: {
    readonly table: string;
    readonly columns: readonly string[];
    readonly equal: Readonly<Record<string, SqlValue>>;
    readonly column: string;
    readonly keys: readonly string[];
    /** A locking clause, with a blank before it. */
    readonly lock?: string;
  },
): Promise<readonly R[]> {
  const rows: R[] = [];
  const equal = Object.keys(query.equal)
    .map((column) => `${column} = ? and `)
    .join('');
  for (let at = 0; at < query.keys.length; at += MAX_KEYS) {
    const keys = fillKeys(query.keys.slice(at, at + MAX_KEYS));
    const places = keys.map(() => '?').join(', ');
    const text = `select ${query.columns.join(', ')} from ${query.table} where ${equal}${query.column} in (${places})${query.lock ?? ''}`;
    for (const row of await rowsOf<R>(on, text, [...Object.values(query.equal), ...keys])) rows.push(row);
  }
  return rows;
}

/** Fills a list up to a power of two by repeating its last key. */
export function fillKeys<K>(keys: readonly K[]): readonly K[] {
  const size = 2 ** Math.ceil(Math.log2(keys.length));
  const last = keys[keys.length - 1];
  return last === undefined || size === keys.length ? keys : [...keys, ...Array.from({ length: size - keys.length }, () => last)];
}
