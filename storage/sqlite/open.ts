import { dirname, join } from 'node:path';
import type { Storage } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrations.ts';
import { storageOver } from '../open-storage.ts';
import { type Upcasters, upcasters as releasedUpcasters } from '../upcasting.ts';
import { openSqliteFile } from './connection.ts';
import { makeFolder } from './make-folder.ts';

export type SqliteOptions = ({ readonly file: string } | { readonly folder: string }) & {
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Milliseconds that a write waits while another process holds the write lock. @default 5000 */
  readonly lockWaitMs?: number;
  /** @default those of this release */
  readonly upcasters?: Upcasters;
};

/** The name of the data file in a data folder. */
const DATA_FILE = 'riskflow.sqlite';

/**
 * Opens the storage in one SQLite file, and makes the folder, the file and its tables when they are not there. Several
 * processes may have the same file open.
 * @throws RiskflowError when the folder cannot be made, or the file cannot be opened, is damaged or something else, or was
 *   written by a newer version
 */
export async function openSqliteStorage(options: SqliteOptions): Promise<Storage> {
  const { now = Date.now, lockWaitMs = 5000, upcasters = releasedUpcasters } = options;
  const file = 'file' in options ? options.file : join(options.folder, DATA_FILE);
  makeFolder(dirname(file));
  const database = await openSqliteFile({ file, now, lockWaitMs });
  await migrateOrClose(database);
  return storageOver(database, upcasters);
}

async function migrateOrClose(database: Database): Promise<void> {
  try {
    // The write lock keeps a second process out, and a half-made file leaves nothing behind.
    await database.transaction((trx) => migrate(trx, database.dialect, database.now));
  } catch (error) {
    await database.close();
    throw error;
  }
}
