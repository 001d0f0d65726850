import type { Dialect } from './dialect.ts';
import type { Executor } from './executor.ts';

export type { Executor } from './executor.ts';

/** An open database, of either dialect. */
export type Database = {
  readonly dialect: Dialect;
  /** For single statements that only read. Sees what was committed. */
  readonly read: Executor;
  /**
   * One transaction that writes. `work` runs again, in a new transaction, when the database reports a conflict with another
   * writer, so it must have no effects of its own outside the database.
   */
  readonly transaction: <T>(work: (trx: Executor) => Promise<T>) => Promise<T>;
  /**
   * A connection of its own, in which temporary tables live as long as `work` runs. When the connection is lost `work` runs again on
   * another one, unless `once` is set.
   */
  readonly session: <T>(work: (session: Session) => Promise<T>, options?: { readonly once?: boolean }) => Promise<T>;
  /**
   * A connection on which tables are changed, with nobody else doing the same meanwhile. What fails leaves nothing behind on SQLite, and the
   * statements before it on MySQL; there it may also run again after a lost connection.
   */
  readonly alone: <T>(work: (on: Executor) => Promise<T>) => Promise<T>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly settings: () => Promise<Readonly<Record<string, string>>>;
  readonly close: () => Promise<void>;
};

export type Session = {
  readonly connection: Executor;
  readonly transaction: <T>(work: (trx: Executor) => Promise<T>) => Promise<T>;
};
