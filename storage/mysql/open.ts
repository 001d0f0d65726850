import type { Storage } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { openSchema } from '../migrations/open-schema.ts';
import { releasedMigrations } from '../migrations/released.ts';
import { storageOver } from '../open-storage.ts';
import { upcasters as releasedUpcasters } from '../upcast-steps.ts';
import type { Upcasters } from '../upcasting.ts';
import { openMysqlServer } from './connection.ts';
import type { MysqlTls } from './server-address.ts';

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
  /** Seconds for which reads and writes are tried again while the server cannot be reached or takes no writes. @default 30 */
  readonly retrySeconds?: number;
  /** Seconds after which a statement that is not answered counts as lost, with its connection. @default 60 */
  readonly answerLimitSeconds?: number;
  /** @default those of this release */
  readonly upcasters?: Upcasters;
};

/**
 * Opens the storage in a MySQL (8.4 or later) or MariaDB (10.11 or later) database, and makes its tables when there are none. Tables of an
 * earlier level are left alone: other processes work with them, and altering them may take its time.
 * @throws RiskflowError when it cannot be reached, or its tables do not fit this release
 */
export async function openMysqlStorage(options: MysqlOptions): Promise<Storage> {
  const { upcasters = releasedUpcasters } = options;
  const database = await openMysqlDatabase(options);
  try {
    await openSchema(database, releasedMigrations, { migrates: 'never' });
  } catch (error) {
    await database.close();
    throw error;
  }
  return storageOver(database, upcasters);
}

/** The database itself, whatever its tables. */
export function openMysqlDatabase(options: MysqlOptions): Promise<Database> {
  const { url, tls, connections = 8, now = Date.now, lockWaitSeconds = 5, retrySeconds = 30, answerLimitSeconds = 60 } = options;
  return openMysqlServer({ url, tls, connections, now, lockWaitSeconds, retrySeconds, answerLimitSeconds });
}
