import {
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import type { DeferrableQuery } from '../deferred-query.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { type AnswerLimits, MysqlConnection } from './mysql-connection.ts';

export type DriverOptions = AnswerLimits & {
  /** Runs single statements again that lost their connection: for a user who only reads. */
  readonly patiently?: <T>(work: () => Promise<T>) => Promise<T>;
};

/** A Kysely dialect over a pool. Transactions are begun and ended by whoever uses a connection, with statements. */
export const mysqlKyselyDialect = (pool: ConnectionPool, options: DriverOptions): Dialect => ({
  createDriver: () => new MysqlDriver(pool, options),
  createQueryCompiler: (): QueryCompiler => new MysqlQueryCompiler(),
  createAdapter: () => new MysqlAdapter(),
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new MysqlIntrospector(db),
});

/** Hands out connections of the pool one by one, or, for reads, a front that takes one for each statement. */
class MysqlDriver implements Driver {
  readonly #pool: ConnectionPool;
  readonly #options: DriverOptions;

  constructor(pool: ConnectionPool, options: DriverOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async init(): Promise<void> {
    // Connections are made when they are needed.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const { patiently } = this.#options;
    const acquire = (): Promise<MysqlConnection> => MysqlConnection.acquire(this.#pool, this.#options);
    return patiently === undefined ? acquire() : readFront(acquire, patiently);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof MysqlConnection) connection.release();
  }

  async beginTransaction(): Promise<void> {
    throw new TypeError('transactions on MySQL are begun by inTransaction');
  }

  async commitTransaction(): Promise<void> {
    throw new TypeError('transactions on MySQL are ended by inTransaction');
  }

  async rollbackTransaction(): Promise<void> {
    throw new TypeError('transactions on MySQL are ended by inTransaction');
  }

  async destroy(): Promise<void> {
    // The pool is shared with other users.
  }
}

/** Looks like a connection; every statement may go to another one. */
function readFront(acquire: () => Promise<MysqlConnection>, patiently: NonNullable<DriverOptions['patiently']>): DatabaseConnection {
  return {
    executeQuery: <R>(query: DeferrableQuery): Promise<QueryResult<R>> =>
      patiently(async () => {
        const connection = await acquire();
        try {
          return await connection.executeQuery<R>(query);
        } finally {
          connection.release();
        }
      }),
    async *streamQuery<R>(query: DeferrableQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
      const connection = await patiently(acquire);
      try {
        yield* connection.streamQuery<R>(query, chunkSize);
      } finally {
        connection.release();
      }
    },
  };
}
