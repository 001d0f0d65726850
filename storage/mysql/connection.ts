import { Kysely } from 'kysely';
import { isRiskflowError, RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor, Session } from '../database.ts';
import { rowsOf } from '../prepared-query.ts';
import type { Tables } from '../tables/database-tables.ts';
import { CommitTokens } from './commit-tokens.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { mysqlDialect } from './dialect.ts';
import { type DriverOptions, mysqlKyselyDialect } from './driver.ts';
import { openPool } from './open-pool.ts';
import { type Patience, patiently } from './patience.ts';
import { nameOf, refusal } from './refusal.ts';
import type { MysqlTls } from './server-address.ts';
import { inTransaction, onConnection } from './transactions.ts';

export type MysqlServer = {
  readonly url: string;
  readonly tls: MysqlTls | undefined;
  readonly connections: number;
  readonly now: () => number;
  /** Seconds after which a statement gives up waiting for a row lock; its transaction is then tried again. */
  readonly lockWaitSeconds: number;
  /** Seconds for which reads and writes are tried again while the server cannot be reached or takes no writes. */
  readonly retrySeconds: number;
  /**
   * Seconds after which a statement never will be answered: the other end is gone without a word. One that may take longer is waited for as
   * long as the server is at work on it.
   */
  readonly answerLimitSeconds: number;
};

/** Opens a pool of connections, every one with the same settings whatever the server's are. */
export async function openMysqlServer(options: MysqlServer): Promise<Database> {
  const pool = await openPool(options);
  try {
    // Asked without patience: a wrong address is told at once.
    const collation = await binaryCollation(kyselyOver(pool, { answerLimitMs: options.answerLimitSeconds * 1000 }));
    return databaseOver(pool, collation, options);
  } catch (error) {
    await pool.close();
    if (isRiskflowError(error)) throw error;
    throw refusal(options.url, error);
  }
}

const kyselyOver = (pool: ConnectionPool, options: DriverOptions): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: mysqlKyselyDialect(pool, options) });

function databaseOver(pool: ConnectionPool, collation: string, { url, now, retrySeconds, answerLimitSeconds }: MysqlServer): Database {
  const answerLimitMs = answerLimitSeconds * 1000;
  const patience: Patience = { server: nameOf(url), limitMs: retrySeconds * 1000 };
  const tokens = new CommitTokens();
  const read = kyselyOver(pool, { answerLimitMs, patiently: (work) => patiently(patience, work) });
  const write = { db: kyselyOver(pool, { answerLimitMs }), tokens, patience };
  // Its statements may take long: a rebuild exchanges all rows of a table with one.
  const long = kyselyOver(pool, { answerLimitMs, mayTakeLonger: true });
  const inSession = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    long.connection().execute((connection) => work({ connection, transaction: (inner) => onConnection(connection, tokens, inner) }));
  return {
    dialect: mysqlDialect(collation),
    read,
    transaction: async (work) => {
      const value = await inTransaction(write, work);
      tokens.cleanNowAndThen(write.db);
      return value;
    },
    session: (work, { once = false } = {}) => (once ? inSession(work) : patiently(patience, () => inSession(work))),
    alone: (work) => patiently(patience, () => inSession(({ connection }) => underLock(connection, work))),
    now,
    settings: () => readSettings(read),
    close: once(async () => {
      // A server that is gone now keeps them for a day.
      await tokens.cleanAll(write.db).catch(() => undefined);
      await pool.close();
    }),
  };
}

/** Seconds for another process to finish what it does to the tables, unless it takes longer and is not waited for. */
const TABLES_WAIT = 60;

/** Under a lock of the server's, since statements that make tables are not held together by a transaction. */
async function underLock<T>(connection: Executor, work: (on: Executor) => Promise<T>): Promise<T> {
  const name = "concat('riskflow ', left(sha2(database(), 256), 32))";
  const [lock] = await rowsOf<{ readonly taken: number | null }>(connection, `select get_lock(${name}, ?) as taken`, [TABLES_WAIT]);
  if (lock?.taken !== 1) {
    throw new RiskflowError('busy', `another process has been making tables for ${TABLES_WAIT} s`, { hint: 'try again when it is done' });
  }
  try {
    return await work(connection);
  } finally {
    // A lost connection has let go of it.
    await rowsOf(connection, `select release_lock(${name})`, []).catch(() => undefined);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

async function binaryCollation(db: Executor): Promise<string> {
  const names = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin'];
  const known = await rowsOf<{ readonly name: string }>(
    db,
    'select collation_name as name from information_schema.collations where collation_name in (?, ?)',
    names,
  );
  const found = known[0]?.name;
  if (found === undefined) throw new RiskflowError('unsupported', `the server has none of the collations ${names.join(', ')}`);
  return found;
}

/** What decides whether a commit is on the disk, and who waits for whom. A variable that a server lacks is left out. */
const SETTINGS: readonly string[] = [
  'version',
  'version_comment',
  'innodb_flush_log_at_trx_commit',
  'sync_binlog',
  'log_bin',
  'transaction_isolation',
  'tx_isolation',
  'innodb_lock_wait_timeout',
];

async function readSettings(db: Executor): Promise<Readonly<Record<string, string>>> {
  const names = SETTINGS.map((name) => `'${name}'`).join(', ');
  const rows = await rowsOf<{ readonly Variable_name: string; readonly Value: string }>(
    db,
    `show session variables where variable_name in (${names})`,
    [],
  );
  return Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value]));
}
