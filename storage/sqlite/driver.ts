import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { isBusy } from './errors.ts';
import { SqliteConnection } from './sqlite-connection.ts';

/**
 * A Kysely dialect over one open `node:sqlite` connection. Kysely's adapter for SQLite makes it hand out the connection to one
 * user at a time, so a transaction is never mixed with anything else.
 *
 * `lockWaitMs`: how long a transaction waits for the write lock while another process holds it.
 */
export const nodeSqliteDialect = (database: DatabaseSync, lockWaitMs: number): Dialect => ({
  createDriver: () => new NodeSqliteDriver(database, lockWaitMs),
  createQueryCompiler: (): QueryCompiler => new SqliteQueryCompiler(),
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
});

class NodeSqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #lockWaitMs: number;

  constructor(database: DatabaseSync, lockWaitMs: number) {
    this.#database = database;
    this.#connection = new SqliteConnection(database);
    this.#lockWaitMs = lockWaitMs;
  }

  async init(): Promise<void> {
    // The connection is open already.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    // There is one, and it stays.
  }

  /**
   * Takes the write lock at once, so that a transaction never fails half-way. The lock is asked for again and again in short
   * turns: SQLite's own waiting would block the event loop, and its long pauses starve beside a busy neighbour.
   */
  async beginTransaction(): Promise<void> {
    const deadline = performance.now() + this.#lockWaitMs;
    for (;;) {
      try {
        this.#connection.execute('begin immediate');
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() >= deadline) throw error;
      }
      await delay(1 + Math.random() * 2);
    }
  }

  async commitTransaction(): Promise<void> {
    this.#connection.execute('commit');
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite ends the transaction by itself after some errors (a full disk, for one).
    if (this.#database.isTransaction) this.#connection.execute('rollback');
  }

  async destroy(): Promise<void> {
    this.#database.close();
  }
}
