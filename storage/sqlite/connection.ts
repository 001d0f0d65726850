import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely } from 'kysely';
import { isRiskflowError, messageOf, RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor, Session } from '../database.ts';
import type { Tables } from '../tables/database-tables.ts';
import { sqliteDialect } from './dialect.ts';
import { nodeSqliteDialect } from './driver.ts';
import { explained, isBusy } from './errors.ts';

export type SqliteFile = {
  readonly file: string;
  readonly now: () => number;
  /** Milliseconds to wait for another process that holds the write lock. */
  readonly lockWaitMs: number;
};

/**
 * Opens a database file with two connections: one that writes, used by one transaction at a time, and one that reads what was
 * committed. They see each other as two processes would.
 */
export async function openSqliteFile(options: SqliteFile): Promise<Database> {
  const writer = await openConnection(options);
  const reader = connectAgain(options, 'query_only = 1');
  // The driver waits for the write lock itself, without blocking.
  writer.exec('pragma busy_timeout = 0');
  const write = kyselyOver(writer, options);
  const read = kyselyOver(reader, options);
  return {
    dialect: sqliteDialect,
    read,
    transaction: (work) => inTransaction(write, options, work),
    session: (work) => inSession(options, work),
    // The write lock keeps others out, and a half-made file leaves nothing behind.
    alone: (work) => inTransaction(write, options, work),
    now: options.now,
    settings: async () => readSettings(writer, reader),
    close: async () => {
      await read.destroy();
      await write.destroy();
      // Kysely destroys only what it has used.
      for (const database of [reader, writer]) if (database.isOpen) database.close();
    },
  };
}

const kyselyOver = (database: DatabaseSync, options: SqliteFile): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: nodeSqliteDialect(database, options.lockWaitMs) });

function connect({ file, lockWaitMs }: SqliteFile): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: lockWaitMs });
  // FULL: a commit is on the disk when it returns. fullfsync matters on macOS, where fsync alone leaves it in the drive's cache.
  database.exec('pragma synchronous = full; pragma fullfsync = 1; pragma foreign_keys = 1; pragma cache_size = -16384');
  // 16 MB of log before it is copied into the file: many pages are written again before that, and are copied once.
  database.exec('pragma wal_autocheckpoint = 4000');
  return database;
}

async function openConnection(options: SqliteFile): Promise<DatabaseSync> {
  const existed = existsSync(options.file);
  const deadline = performance.now() + options.lockWaitMs;
  let database: DatabaseSync | undefined;
  for (;;) {
    try {
      database ??= connect(options);
      refuseForeign(database, options.file);
      const mode = database.prepare('pragma journal_mode = wal').get()?.['journal_mode'];
      if (mode === 'wal') return database;
      throw new RiskflowError('failed', `${options.file} is on a file system that cannot share memory between processes`, {
        hint: 'keep the data folder on a local disk',
      });
    } catch (error) {
      // Two processes that turn a fresh file to WAL at once: SQLite refuses one of them without waiting.
      if (isBusy(error) && performance.now() < deadline) {
        await delay(5 + Math.random() * 10);
        continue;
      }
      if (database?.isOpen === true) database.close();
      throw openError(error, options, existed);
    }
  }
}

/** One more connection to a file that is open already. */
function connectAgain(options: SqliteFile, pragma: string): DatabaseSync {
  try {
    const database = connect(options);
    database.exec(`pragma ${pragma}`);
    return database;
  } catch (error) {
    throw openError(error, options, true);
  }
}

/** A file with tables of something else is left as it is. */
function refuseForeign(database: DatabaseSync, file: string): void {
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
  if (tables.length === 0 || tables.some(({ name }) => name === 'migrations')) return;
  throw new RiskflowError('invalid_file', `${file} is a database, but not one of Riskflow`);
}

function openError(error: unknown, options: SqliteFile, existed: boolean): unknown {
  const { file } = options;
  if (isBusy(error)) return busyError(options, error);
  const told = explained(error, file);
  if (isRiskflowError(told)) return told;
  return new RiskflowError('failed', `${file} cannot be ${existed ? 'opened' : 'made'}: ${messageOf(error)}`, { cause: error });
}

const busyError = ({ lockWaitMs }: SqliteFile, error: unknown): RiskflowError =>
  new RiskflowError('busy', `another process held the write lock of the data file for ${lockWaitMs} ms`, {
    cause: error,
    hint: 'try again when it is done',
  });

async function inTransaction<T>(db: Kysely<Tables>, options: SqliteFile, work: (trx: Executor) => Promise<T>): Promise<T> {
  try {
    return await db.transaction().execute(work);
  } catch (error) {
    throw isBusy(error) ? busyError(options, error) : error;
  }
}

async function inSession<T>(options: SqliteFile, work: (session: Session) => Promise<T>): Promise<T> {
  const database = connectAgain(options, 'busy_timeout = 0');
  const connection = kyselyOver(database, options);
  try {
    return await work({ connection, transaction: (inner) => inTransaction(connection, options, inner) });
  } finally {
    await connection.destroy();
    if (database.isOpen) database.close();
  }
}

const SYNCHRONOUS: readonly string[] = ['off', 'normal', 'full', 'extra'];

function readSettings(writer: DatabaseSync, reader: DatabaseSync): Readonly<Record<string, string>> {
  const of = (database: DatabaseSync, name: string): string => String(Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0]);
  return {
    engine: `sqlite ${String(writer.prepare('select sqlite_version() as version').get()?.['version'])}`,
    journal_mode: of(writer, 'journal_mode'),
    synchronous: SYNCHRONOUS[Number(of(writer, 'synchronous'))] ?? '',
    fullfsync: of(writer, 'fullfsync'),
    page_size: of(writer, 'page_size'),
    wal_autocheckpoint: of(writer, 'wal_autocheckpoint'),
    busy_timeout: of(reader, 'busy_timeout'),
  };
}
