import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2';
import { connectionLost, trouble } from './errors.ts';
import { mysqlAddress, type MysqlTls } from './server-address.ts';
import { endSession, markSession } from './sessions.ts';

export type PoolOptions = {
  readonly url: string;
  readonly tls: MysqlTls | undefined;
  readonly connections: number;
  readonly lockWaitSeconds: number;
};

/** Longer than this nobody waits for a connection to be made, nor for each of the first answers on it. */
const CONNECT_LIMIT_MS = 10_000;

/** The name of its session on the server, and how many silences there had been when it was made. */
type Prepared = { readonly session: string; readonly silences: number };

/** Connections to one server, every one with the same settings whatever the server's are. */
export class ConnectionPool {
  readonly #pool: Pool;
  readonly #settings: readonly string[];
  readonly #prepared = new WeakMap<PoolConnection, Prepared>();
  /** Counts how often the server fell silent: what was connected before that is not trusted after it. */
  #silences = 0;
  /** Sessions that the server may still hold, with their locks. */
  readonly #abandoned = new Set<string>();

  constructor(pool: Pool, settings: readonly string[]) {
    this.#pool = pool;
    this.#settings = settings;
  }

  async acquire(): Promise<PoolConnection> {
    for (;;) {
      const connection = await this.#take();
      const prepared = this.#prepared.get(connection);
      if (prepared === undefined) return this.#prepare(connection);
      if (prepared.silences === this.#silences) return connection;
      this.discard(connection);
    }
  }

  /** Ends a connection at once: whoever still waits for an answer on it is told that it is lost. */
  discard(connection: PoolConnection): void {
    // In that order: the driver's own end waits for a server that may be silent, and tells nobody.
    if ('stream' in connection && connection.stream instanceof Socket) connection.stream.destroy(connectionLost('it was given up'));
    connection.destroy();
  }

  /**
   * Ends a connection that no answer came on. The server may not notice, so the next connection ends the session there; the idle ones
   * probably lead to the same silence, and waiting for each to show it would take the time limit each.
   */
  abandon(connection: PoolConnection): void {
    this.#silences++;
    const prepared = this.#prepared.get(connection);
    if (prepared !== undefined) this.#abandoned.add(prepared.session);
    this.discard(connection);
  }

  #take(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      this.#pool.getConnection((error, taken) => (error === null ? resolve(taken) : reject(error)));
    });
  }

  async #prepare(connection: PoolConnection): Promise<PoolConnection> {
    // Those who used it were told; without a listener the process would end.
    connection.on('error', () => undefined);
    const [silences, session] = [this.#silences, randomUUID()];
    const asked = (sql: readonly string[]): Promise<unknown> =>
      ask(connection, { sql: sql.join('; '), statements: sql.length, timeoutMs: CONNECT_LIMIT_MS });
    try {
      await asked([...this.#settings, markSession(session)]);
      for (const old of this.#abandoned) {
        await endSession(asked, old);
        this.#abandoned.delete(old);
      }
    } catch (error) {
      this.discard(connection);
      throw error;
    }
    this.#prepared.set(connection, { session, silences });
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

const sessionSettings = (lockWaitSeconds: number): readonly string[] => [
  // Others' committed rows are seen at once, and no gaps are locked.
  'set session transaction isolation level read committed',
  `set session innodb_lock_wait_timeout = ${lockWaitSeconds}`,
  // What does not fit is an error, and a backslash in a text is what the driver takes it for.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];
