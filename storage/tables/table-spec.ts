/**
 * Tables as data: one description gives the SQL of both dialects and the TypeScript type of a row. Names need no quoting in
 * either dialect, so that SQL text can be shared.
 *
 * - `id`: text compared byte by byte, of at most `length` characters, fit for keys
 * - `text`, `bytes`: of any size, never in a key
 */
export type ColumnKind = 'id' | 'integer' | 'real' | 'text' | 'bytes';
export type Column<K extends ColumnKind = ColumnKind, N extends boolean = boolean> = {
  readonly kind: K;
  readonly length: number;
  readonly nullable: N;
};

const column = <K extends ColumnKind>(kind: K, length = 0): Column<K, false> => ({ kind, length, nullable: false });

export const id = (length: number): Column<'id', false> => column('id', length);
export const integer = column('integer');
export const real = column('real');
export const text = column('text');
export const bytes = column('bytes');
export const nullable = <K extends ColumnKind>(of: Column<K, false>): Column<K, true> => ({ ...of, nullable: true });

/** First part of every key. */
export const workspaceId = id(64);

export type TableSpec = {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly primaryKey: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly indexes?: readonly (readonly string[])[];
  /** Its rows are small: SQLite keeps them in the tree of the primary key (as InnoDB always does). */
  readonly small?: boolean;
};

export const defineTable = <const S extends TableSpec>(spec: S): S => spec;

/** What a column can hold, as both drivers take and give it. */
export type SqlValue = string | number | null | Uint8Array;
/** Computed by the database. As mysql2's client takes it; the text must come from this program alone. */
export type SqlExpression = { readonly toSqlString: () => string };
export type SqlRow = Readonly<Record<string, SqlValue>>;

type Plain<K extends ColumnKind> = K extends 'id' | 'text' ? string : K extends 'bytes' ? Uint8Array : number;
type ValueOf<C> = C extends Column<infer K, infer N> ? Plain<K> | (N extends true ? null : never) : never;

export type RowOf<S extends TableSpec> = { readonly [C in keyof S['columns']]: ValueOf<S['columns'][C]> };
