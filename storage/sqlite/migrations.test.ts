import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrationsContract } from '../contract/migrations.contract.ts';
import { presenceContract } from '../contract/presence.contract.ts';
import { loadLevelOne } from '../contract/released-schema.ts';
import { openSqliteDatabase, openSqliteStorage } from './open.ts';
import { sqlitePlace } from './test-database.ts';

describe('tables on SQLite', () => {
  migrationsContract({
    every: 1,
    create: sqlitePlace,
  });
  presenceContract({ every: 1, create: sqlitePlace });

  it('of the first release are completed when the file is opened, by several at once, and the file as it was stays beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'riskflow-migrations-'));
    const { database, file } = await openSqliteDatabase({ folder });
    await loadLevelOne(database);
    await database.close();
    const all = await Promise.all([1, 2, 3, 4].map(() => openSqliteStorage({ folder })));
    for (const storage of all) {
      expect(await storage.events.head('default', 'ledger')).toBeGreaterThan(10);
      await storage.close();
    }
    expect(readdirSync(folder).filter((name) => name.includes('level'))).toEqual(['riskflow.sqlite.level-1']);
    const copy = new DatabaseSync(`${file}.level-1`, { readOnly: true });
    expect(copy.prepare("select count(*) as n from sqlite_schema where name in ('commits', 'schema_state')").get()).toEqual({ n: 0 });
    expect(copy.prepare('select count(*) as n from events').get()).toEqual({ n: 38 });
    copy.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
});
