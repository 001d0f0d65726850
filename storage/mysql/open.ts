import type { Storage } from '../../schemas/core.ts';
import { RiskflowError } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrations.ts';
import { storageOver } from '../open-storage.ts';
import { rowsOf } from '../prepared-query.ts';
import { type Upcasters, upcasters as releasedUpcasters } from '../upcasting.ts';
import { openMysqlServer, type MysqlTls } from './connection.ts';

export type MysqlOptions = {
  /** `mysql://user:password@host:port/database`; the database exists. */
  readonly url: string;
  /** PEM texts. Default: no TLS. With it the server's certificate and name are checked. */
  readonly tls?: MysqlTls;
  /** Most connections at a time. @default 8 */
  readonly connections?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Seconds after which a statement stops waiting for a row lock and its transaction is tried again. @default 5 */
  readonly lockWaitSeconds?: number;
  /** @default those of this release */
  readonly upcasters?: Upcasters;
};

/** Seconds for another process to finish its migration. */
const MIGRATION_WAIT = 60;

/**
 * Opens the storage in a MySQL (8.4 or later) or MariaDB (10.11 or later) database, and makes its tables when they are not there.
 * @throws RiskflowError when it cannot be reached or was written by a newer version
 */
export async function openMysqlStorage(options: MysqlOptions): Promise<Storage> {
  const { url, tls, connections = 8, now = Date.now, lockWaitSeconds = 5, upcasters = releasedUpcasters } = options;
  const database = await openMysqlServer({ url, tls, connections, now, lockWaitSeconds });
  try {
    await migrateAlone(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return storageOver(database, upcasters);
}

/** Under a lock of the server's, since statements that make tables are not held together by a transaction. */
function migrateAlone({ session, dialect, now }: Database): Promise<void> {
  return session(async ({ connection }) => {
    const name = "concat('riskflow ', left(sha2(database(), 256), 32))";
    const [lock] = await rowsOf<{ readonly taken: number | null }>(connection, `select get_lock(${name}, ?) as taken`, [MIGRATION_WAIT]);
    if (lock?.taken !== 1) throw new RiskflowError('busy', `another process has been making tables for ${MIGRATION_WAIT} s`);
    try {
      await migrate(connection, dialect, now);
    } finally {
      await rowsOf(connection, `select release_lock(${name})`, []);
    }
  });
}
