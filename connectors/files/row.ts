import type { Value } from '../../schemas/index.ts';

/** A row of a file: its fields by column, or what is wrong with it. `line` is where it begins, from 1. */
export type Row =
  | { readonly ok: true; readonly line: number; readonly fields: ReadonlyMap<string, Value> }
  | { readonly ok: false; readonly line: number; readonly message: string };

/** An opened table: the columns (null where the format has none up front) and its rows in order. */
export type Table = { readonly columns: readonly string[] | null; readonly rows: AsyncIterable<Row> };
