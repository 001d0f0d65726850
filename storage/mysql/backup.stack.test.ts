import { describe } from 'vitest';
import { backupContract } from '../contract/backup.contract.ts';
import type { SchemaPlace } from '../contract/backend.ts';
import { sqlitePlace } from '../sqlite/test-database.ts';
import { openMysqlDatabase } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

for (const { name, url, reason } of testServers) {
  const create = async (): Promise<SchemaPlace> => {
    const place = await mysqlPlace(url);
    return { database: await openMysqlDatabase({ url: place.url }), remove: place.remove };
  };
  describe.skipIf(url === undefined)(`backup and restore with ${name}${reason}`, { timeout: 60_000 }, () => {
    backupContract(`SQLite into ${name}`, { create: sqlitePlace }, { create });
    backupContract(`${name} into SQLite`, { create }, { create: sqlitePlace });
  });
}
