import { describe } from 'vitest';
import { migrationsContract } from '../contract/migrations.contract.ts';
import { presenceContract } from '../contract/presence.contract.ts';
import type { SchemaBackend } from '../contract/backend.ts';
import { openMysqlDatabase } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

for (const { name, url, reason } of testServers) {
  describe.skipIf(url === undefined)(`tables on ${name}${reason}`, { timeout: 60_000 }, () => {
    const backend: SchemaBackend = {
      every: 5,
      create: async () => {
        const place = await mysqlPlace(url);
        return { database: await openMysqlDatabase({ url: place.url }), remove: place.remove };
      },
    };
    migrationsContract(backend);
    presenceContract(backend);
  });
}
