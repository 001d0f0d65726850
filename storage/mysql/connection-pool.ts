import type { Pool, PoolConnection } from 'mysql2';
import { trouble } from './errors.ts';
import { mysqlAddress, type MysqlTls } from './server-address.ts';

export type PoolOptions = {
  readonly url: string;
  readonly tls: MysqlTls | undefined;
  readonly connections: number;
  readonly lockWaitSeconds: number;
};

/** Longer than this nobody waits for a connection to be made. */
const CONNECT_LIMIT_MS = 10_000;

/** Connections to one server, every one with the same settings whatever the server's are. */
export class ConnectionPool {
  readonly #pool: Pool;
  readonly #settings: string;
  readonly #prepared = new WeakSet<PoolConnection>();

  constructor(pool: Pool, settings: string) {
    this.#pool = pool;
    this.#settings = settings;
  }

  async acquire(): Promise<PoolConnection> {
    const connection = await new Promise<PoolConnection>((resolve, reject) => {
      this.#pool.getConnection((error, taken) => (error === null ? resolve(taken) : reject(error)));
    });
    if (this.#prepared.has(connection)) return connection;
    try {
      await ask(connection, { sql: this.#settings });
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.#prepared.add(connection);
    return connection;
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      // What is closed already by the other side is closed.
      // (The driver calls back with undefined where its types promise null.)
      this.#pool.end((error) => (!(error instanceof Error) || trouble(error) === 'lost' ? resolve() : reject(error)));
    });
  }
}

/** Sends one packet, of one or more statements, and returns what the server answers to the last. */
export function ask(
  connection: PoolConnection,
  { sql, statements = 1, timeoutMs }: { readonly sql: string; readonly statements?: number; readonly timeoutMs?: number | undefined },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }, (error: Error | null, answer: unknown) => {
      if (error !== null) reject(error);
      else resolve(statements > 1 && Array.isArray(answer) ? answer[statements - 1] : answer);
    });
  });
}

/** Opens no connection yet. */
export async function connectionPool({ url, tls, connections, lockWaitSeconds }: PoolOptions): Promise<ConnectionPool> {
  // Loaded when it is needed: most processes use SQLite, and start sooner without it.
  const { createPool } = await import('mysql2');
  const pool = createPool({
    ...mysqlAddress({ url, tls }),
    connectionLimit: connections,
    connectTimeout: CONNECT_LIMIT_MS,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    // Integers beyond 2^53 come as text instead of being rounded.
    supportBigNumbers: true,
    jsonStrings: true,
    // All texts are our own and all values are escaped; it saves round trips.
    multipleStatements: true,
    resetOnRelease: false,
  });
  return new ConnectionPool(pool, sessionSettings(lockWaitSeconds));
}

const sessionSettings = (lockWaitSeconds: number): string =>
  [
    // Others' committed rows are seen at once, and no gaps are locked.
    'set session transaction isolation level read committed',
    `set session innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    // What does not fit is an error, and a backslash in a text is what the driver takes it for.
    "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  ].join('; ');
