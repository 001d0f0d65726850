import type { Kysely } from 'kysely';
import type { Dialect } from './dialect.ts';
import type { Tables } from './tables/database-tables.ts';

/** Something statements can be executed on: a connection, or a transaction. */
export type Executor = Kysely<Tables>;

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
  /** A connection of its own, in which temporary tables live as long as `work` runs. */
  readonly session: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly settings: () => Promise<Readonly<Record<string, string>>>;
  readonly close: () => Promise<void>;
};

export type Session = {
  readonly connection: Executor;
  readonly transaction: <T>(work: (trx: Executor) => Promise<T>) => Promise<T>;
};
