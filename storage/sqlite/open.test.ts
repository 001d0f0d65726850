import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Storage } from '../../schemas/core.ts';
import { append, unit } from '../contract/fixtures.ts';
import { openSqliteStorage } from './open.ts';

describe('opening an SQLite file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-open-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const file = (): string => join(folder, 'riskflow.sqlite');

  it('makes folder, file and tables, with durable settings, and finds them again', async () => {
    const first = await openSqliteStorage({ folder: join(folder, 'a', 'b') });
    await first.events.write(unit('w', { appends: [append('s', [1])] }));
    expect(await first.settings()).toMatchObject({ journal_mode: 'wal', synchronous: 'full', fullfsync: '1', busy_timeout: '5000' });
    await first.close();
    await first.close();
    const second = await openSqliteStorage({ file: join(folder, 'a', 'b', 'riskflow.sqlite') });
    expect(await second.events.head('w', 'ledger')).toBe(1);
    await second.close();
  });

  it('may be done many times at once while there is nothing yet', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => openSqliteStorage({ folder })));
    await Promise.all(all.map((storage, i) => storage.events.write(unit('w', { appends: [append('s', [i])] }))));
    for (const storage of all) {
      expect(await storage.events.head('w', 'ledger')).toBe(5);
      await storage.close();
    }
  });

  it('says in one sentence what is wrong with the path', async () => {
    writeFileSync(file(), 'this is no database, but long enough to look at '.repeat(50));
    await expect(openSqliteStorage({ folder })).rejects.toMatchObject({
      code: 'invalid_file',
      message: `${file()} is not a data file of Riskflow, or its beginning is damaged`,
    });
    await expect(openSqliteStorage({ folder: file() })).rejects.toMatchObject({
      code: 'usage',
      message: `the data folder ${file()} is a file`,
    });
    mkdirSync(join(folder, 'sub.sqlite'));
    await expect(openSqliteStorage({ file: join(folder, 'sub.sqlite') })).rejects.toMatchObject({ code: 'failed' });
  });

  it('refuses the database of something else and leaves it as it is', async () => {
    const database = new DatabaseSync(file());
    database.exec('create table notes (text)');
    await expect(openSqliteStorage({ folder })).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringContaining('not one of Riskflow'),
    });
    expect(
      database
        .prepare('select name from sqlite_schema')
        .all()
        .map(({ name }) => name),
    ).toEqual(['notes']);
    expect(database.prepare('pragma journal_mode').get()).toMatchObject({ journal_mode: 'delete' });
    database.close();
  });

  it('refuses a file of a newer version and leaves it as it is', async () => {
    await (await openSqliteStorage({ folder })).close();
    const database = new DatabaseSync(file());
    database.exec("insert into migrations (name, applied_at) values ('999-from-the-future', 0)");
    database.close();
    await expect(openSqliteStorage({ folder })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('999-from-the-future'),
    });
  });

  describe('while another process holds the write lock', () => {
    let storage: Storage;
    let other: DatabaseSync;
    beforeEach(async () => {
      storage = await openSqliteStorage({ folder, lockWaitMs: 300 });
      other = new DatabaseSync(file());
      other.exec('begin immediate');
    });
    afterEach(async () => {
      if (other.isTransaction) other.exec('rollback');
      other.close();
      await storage.close();
    });
    const write = (): Promise<unknown> => storage.events.write(unit('w', { appends: [append('s', [1])] }));

    it('reads go on, writes wait without blocking the process, and are done when it lets go', async () => {
      const waiting = write();
      let turns = 0;
      const ticking = setInterval(() => turns++, 1);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await storage.events.head('w', 'ledger')).toBe(0);
      other.exec('commit');
      expect(await waiting).toMatchObject({ status: 'written' });
      clearInterval(ticking);
      expect(turns).toBeGreaterThan(10);
    });

    it('a write that waits too long fails and says so; the next one works', async () => {
      await expect(Promise.all([write(), write()])).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('300 ms') });
      other.exec('rollback');
      expect(await write()).toMatchObject({ status: 'written' });
      expect(await storage.events.head('w', 'ledger')).toBe(1);
    });
  });

  it('gives rebuilds a place of their own, so that others write meanwhile', async () => {
    const storage = await openSqliteStorage({ folder });
    const events = Array.from({ length: 2000 }, (_, i) => i);
    await storage.events.write(unit('w', { appends: [append('s', events)] }));
    const neighbour = await openSqliteStorage({ folder, lockWaitMs: 0 });
    const written: Promise<unknown>[] = [];
    await storage.projections.rebuild('w', {
      name: 'results',
      // Would fail at once while the rebuild held the write lock.
      onProgress: (done) => done < 2000 && written.push(neighbour.events.write(unit('w', { appends: [append('s', ['meanwhile'])] }))),
    });
    expect((await Promise.all(written)).length).toBe(4);
    expect((await storage.projections.status('w')).find(({ name }) => name === 'results')?.checkpoint).toBeGreaterThanOrEqual(2000);
    await neighbour.close();
    await storage.close();
  });
});
