import { describe } from 'vitest';
import { migrationsContract } from '../contract/migrations.contract.ts';
import { openMysqlDatabase } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

for (const { name, url, reason } of testServers) {
  describe.skipIf(url === undefined)(`tables on ${name}${reason}`, { timeout: 60_000 }, () => {
    migrationsContract({
      every: 5,
      create: async () => {
        const place = await mysqlPlace(url);
        return { database: await openMysqlDatabase({ url: place.url }), remove: place.remove };
      },
    });
  });
}
