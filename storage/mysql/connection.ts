import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, Kysely, MysqlDialect } from 'kysely';
import { messageOf, RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor, Session } from '../database.ts';
import { rowsOf } from '../prepared-query.ts';
import type { Tables } from '../tables/database-tables.ts';
import { mysqlDialect } from './dialect.ts';
import { trouble } from './errors.ts';

/** Certificates and a key in PEM form. */
export type MysqlTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

export type MysqlServer = {
  readonly url: string;
  readonly tls: MysqlTls | undefined;
  readonly connections: number;
  readonly now: () => number;
  /** Seconds after which a statement gives up waiting for a row lock; its transaction is then tried again. */
  readonly lockWaitSeconds: number;
};

/** How often a transaction is tried that another one got in the way of. */
const MAX_ATTEMPTS = 20;

/** Opens a pool of connections, every one with the same settings whatever the server's are. */
export async function openMysqlServer(options: MysqlServer): Promise<Database> {
  const db = await kyselyOver(options);
  try {
    const collation = await binaryCollation(db);
    return {
      dialect: mysqlDialect(collation),
      read: db,
      transaction: (work) => inTransaction(db, work),
      session: (work) => db.connection().execute((connection) => work(sessionOver(connection))),
      now: options.now,
      settings: () => readSettings(db),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    // The address without the password.
    const { host, pathname } = new URL(options.url);
    throw new RiskflowError(
      'failed',
      `the database ${pathname.slice(1)} on the MySQL server ${host} cannot be opened: ${messageOf(error)}`,
      {
        hint: 'see that the server runs, and that the database and the user exist',
        cause: error,
      },
    );
  }
}

async function kyselyOver({ url, tls, connections, lockWaitSeconds }: MysqlServer): Promise<Kysely<Tables>> {
  // Loaded when it is needed: most processes use SQLite, and start sooner without it.
  const { createPool } = await import('mysql2');
  const pool = createPool({
    uri: url,
    connectionLimit: connections,
    ...(tls === undefined ? {} : { ssl: { ...tls, rejectUnauthorized: true, verifyIdentity: true } }),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    // Integers beyond 2^53 come as text instead of being rounded.
    supportBigNumbers: true,
    jsonStrings: true,
  });
  const dialect = new MysqlDialect({
    pool,
    onCreateConnection: async (connection) => {
      for (const statement of sessionSettings(lockWaitSeconds)) await connection.executeQuery(CompiledQuery.raw(statement));
    },
  });
  return new Kysely<Tables>({ dialect });
}

const sessionSettings = (lockWaitSeconds: number): readonly string[] => [
  // Others' committed rows are seen at once, and no gaps are locked.
  'set session transaction isolation level read committed',
  `set session innodb_lock_wait_timeout = ${lockWaitSeconds}`,
  // What does not fit is an error, and a backslash in a text is what the driver takes it for.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];

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

async function inTransaction<T>(db: Kysely<Tables>, work: (trx: Executor) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      const kind = trouble(error);
      if (kind === 'other') throw error;
      if (attempt === MAX_ATTEMPTS) throw kind === 'duplicate' ? error : busyError(error);
    }
    await delay(Math.random() * 5 * attempt);
  }
}

const busyError = (error: unknown): RiskflowError =>
  new RiskflowError('busy', `other transactions were in the way ${MAX_ATTEMPTS} times`, { cause: error, hint: 'try again later' });

const sessionOver = (connection: Kysely<Tables>): Session => ({ connection, transaction: (work) => inTransaction(connection, work) });

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
