import { ConnectionPool } from './connection-pool.ts';
import { exactNumbers } from './exact-numbers.ts';
import { mysqlAddress, type MysqlTls } from './server-address.ts';

export type PoolOptions = {
  readonly url: string;
  readonly tls: MysqlTls | undefined;
  readonly connections: number;
  readonly lockWaitSeconds: number;
  /** Seconds after which an answer is no longer waited for; for as long the server waits for the next statement of a session. */
  readonly answerLimitSeconds: number;
};

/** A server that is there makes a connection sooner than this. */
const MAX_CONNECT_LIMIT_MS = 10_000;
/** The operating system looks so often whether the other end of a connection is there at all. */
const KEEP_ALIVE_MS = 30_000;
/** Opens no connection yet. */
export async function openPool(options: PoolOptions): Promise<ConnectionPool> {
  const { connections, lockWaitSeconds, answerLimitSeconds } = options;
  // Loaded when it is needed: most processes use SQLite, and start sooner without it.
  const { createConnection, createPool } = await import('mysql2');
  const connectLimitMs = Math.min(MAX_CONNECT_LIMIT_MS, answerLimitSeconds * 1000);
  const address = { ...mysqlAddress(options), connectTimeout: connectLimitMs };
  const pool = createPool({
    ...address,
    connectionLimit: connections,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    // Integers beyond 2^53 come as text instead of being rounded.
    supportBigNumbers: true,
    typeCast: exactNumbers,
    jsonStrings: true,
    // All texts are our own and all values are escaped; it saves round trips.
    multipleStatements: true,
    resetOnRelease: false,
  });
  const settings = sessionSettings({ lockWaitSeconds, idleSeconds: Math.max(1, Math.ceil(answerLimitSeconds)) });
  return new ConnectionPool({ url: options.url, pool, connect: () => createConnection(address), settings, connectLimitMs });
}

type SessionLimits = { readonly lockWaitSeconds: number; readonly idleSeconds: number };

const sessionSettings = ({ lockWaitSeconds, idleSeconds }: SessionLimits): readonly string[] => [
  // Others' committed rows are seen at once, and no gaps are locked.
  'set session transaction isolation level read committed',
  `set session innodb_lock_wait_timeout = ${lockWaitSeconds}`,
  // A process that stands still in the middle of a transaction, or whose machine is gone, holds its locks no longer than this.
  `set session wait_timeout = ${idleSeconds}`,
  // What does not fit is an error, and a backslash in a text is what the driver takes it for.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];
