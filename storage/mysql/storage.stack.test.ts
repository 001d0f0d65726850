import { describe } from 'vitest';
import { storageContract } from '../storage.contract.ts';
import { mysqlPlace, testServers } from './test-place.ts';

for (const { name, url, reason } of testServers) {
  describe.skipIf(url === undefined)(`storage on ${name}${reason}`, { timeout: 60_000 }, () => {
    storageContract({ name, create: () => mysqlPlace(url), propertyRuns: 15 });
  });
}
