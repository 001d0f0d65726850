import { dirname, join } from 'node:path';
import type { Storage } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { openSchema } from '../migrations/open-schema.ts';
import { releasedMigrations } from '../migrations/released.ts';
import { storageOver } from '../open-storage.ts';
import { upcasters as releasedUpcasters } from '../upcast-steps.ts';
import type { Upcasters } from '../upcasting.ts';
import { openSqliteFile } from './connection.ts';
import { copyFile } from './copy-file.ts';
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
 * Opens the storage in one SQLite file, and makes the folder, the file and its tables when they are not there. Tables of an earlier level
 * get what they lack, after the file was copied beside itself. Several processes may have the same file open.
 * @throws RiskflowError when the folder cannot be made, or the file cannot be opened, is damaged or something else, or its tables
 *   do not fit this release
 */
export async function openSqliteStorage(options: SqliteOptions): Promise<Storage> {
  const { upcasters = releasedUpcasters } = options;
  const { database, file } = await openSqliteDatabase(options);
  try {
    await openSchema(database, releasedMigrations, { migrates: 'additions', copy: (level) => copyFile(database, file, level) });
  } catch (error) {
    await database.close();
    throw error;
  }
  return storageOver(database, upcasters);
}

/** The path of the data file. */
export const sqliteFileOf = (options: SqliteOptions): string => ('file' in options ? options.file : join(options.folder, DATA_FILE));

/** The database itself, whatever its tables; an empty one where there is none. */
export async function openSqliteDatabase(options: SqliteOptions): Promise<{ readonly database: Database; readonly file: string }> {
  const { now = Date.now, lockWaitMs = 5000 } = options;
  const file = sqliteFileOf(options);
  makeFolder(dirname(file));
  return { database: await openSqliteFile({ file, now, lockWaitMs }), file };
}
