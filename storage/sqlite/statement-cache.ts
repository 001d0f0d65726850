import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** A prepared statement and the names of its columns; none for a statement that gives no rows. */
export type Prepared = { readonly statement: StatementSync; readonly columns: readonly string[] };

const CAPACITY = 300;

/** Prepared statements by their text; the oldest makes room when there are too many. */
export class StatementCache {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const prepared = this.prepareUncached(sql);
    if (this.#prepared.size >= CAPACITY) {
      const oldest = this.#prepared.keys().next();
      if (oldest.done !== true) this.#prepared.delete(oldest.value);
    }
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  prepareUncached(sql: string): Prepared {
    const statement = this.#database.prepare(sql);
    const columns = statement.columns().map((column) => column.name);
    if (columns.length > 0) statement.setReturnArrays(true);
    return { statement, columns };
  }
}
