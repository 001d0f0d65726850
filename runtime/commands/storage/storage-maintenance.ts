import { openMysqlMaintenance, openSqliteMaintenance, type StorageMaintenance } from '../../../storage/index.ts';
import { mysqlOptions } from '../../mysql-options.ts';
import type { Settings } from '../../settings.ts';

/** Opens the storage of the settings for work on it as a whole, without touching it, and closes it afterwards. */
export async function withMaintenance<T>(
  { storage }: Settings,
  { create }: { readonly create: boolean },
  work: (maintenance: StorageMaintenance) => Promise<T>,
): Promise<T> {
  const maintenance =
    storage.kind === 'sqlite'
      ? await openSqliteMaintenance({ folder: storage.folder, create })
      : await openMysqlMaintenance(mysqlOptions(storage));
  try {
    return await work(maintenance);
  } finally {
    await maintenance.close();
  }
}

/** The storage as a person calls it; never with a password. */
export function storageName({ storage }: Settings): string {
  if (storage.kind === 'sqlite') return `the data folder ${storage.folder}`;
  const { host, pathname } = new URL(storage.url);
  return `the database ${pathname.slice(1)} on ${host}`;
}
