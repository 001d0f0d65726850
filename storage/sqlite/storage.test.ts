import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe } from 'vitest';
import type { Backend, Place } from '../contract/backend.ts';
import { storageContract } from '../storage.contract.ts';
import { openSqliteStorage } from './open.ts';

async function createPlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-storage-'));
  const file = join(folder, 'data', 'test.sqlite');
  const withDatabase = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  return {
    address: { file },
    open: (options = {}) => openSqliteStorage({ file, ...options }),
    query: async (text, parameters = []) =>
      withDatabase((database) => database.prepare(text).all(...parameters)).map((row) => ({ ...row })),
    complaints: async () =>
      withDatabase((database) => database.prepare('pragma integrity_check').all())
        .map((row) => String(row['integrity_check']))
        .filter((text) => text !== 'ok'),
    remove: async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const backend: Backend = { name: 'SQLite', create: createPlace, propertyRuns: 40 };

describe(`storage on ${backend.name}`, () => {
  storageContract(backend);
});
