import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadLevelOne } from '../../storage/contract/released-schema.ts';
import { openSqliteDatabase } from '../../storage/sqlite/open.ts';
import { newFolder, riskflow } from './riskflow.ts';

/** A data folder as the first release has left it. */
async function oldData(): Promise<string> {
  const folder = newFolder();
  const { database } = await openSqliteDatabase({ folder });
  await loadLevelOne(database);
  await database.close();
  return folder;
}

describe('migrate, backup and restore', () => {
  let data: string;
  let backup: string;
  beforeAll(async () => {
    data = await oldData();
    backup = join(newFolder(), 'monday.rfb');
  });

  it('say what would be done, and change nothing, also where there is nothing yet', async () => {
    const none = join(newFolder(), 'none');
    const fresh = await riskflow(['migrate', '--plan'], { data: none });
    expect([fresh.code, fresh.out]).toEqual([0, expect.stringContaining('has no tables yet')]);
    expect(existsSync(none)).toBe(false);
    const { code, out } = await riskflow(['migrate', '--plan', '--json'], { data });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'sqlite',
      namespace: null,
      schema: { level: 1, ours: 2, oldest: 1, oldestAfter: 1, pending: [{ level: 2, kind: 'expand' }] },
    });
    const spoken = await riskflow(['migrate', '--plan', '--sql'], { data });
    expect(spoken.out).toContain('add the table commits');
    expect(spoken.out).toContain('create table if not exists commits');
    expect(readdirSync(data).filter((name) => name.includes('level'))).toEqual([]);
  });

  it('apply it after a copy, once, and take it back', async () => {
    const done = await riskflow(['migrate', '--json'], { data });
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({
      schema: { from: 1, to: 2, copy: join(data, 'riskflow.sqlite.level-1') },
      searchAttributes: null,
    });
    expect(statSync(join(data, 'riskflow.sqlite.level-1')).size).toBeGreaterThan(50_000);
    expect((await riskflow(['migrate'], { data })).out).toContain('has level 2: nothing was to be done');
    expect((await riskflow(['migrate', '--back'], { data })).out).toContain('went back from level 2 to level 1');
    const refused = await riskflow(['migrate', '--back'], { data });
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('there is no level below 1')]);
    // Other commands add what is missing by themselves.
    expect((await riskflow(['projection', 'status'], { data })).code).toBe(0);
    expect((await riskflow(['migrate', '--plan'], { data })).out).toContain('has level 2: nothing is to be done');
  });

  it('move the data to another folder with the same read models', async () => {
    const saved = await riskflow(['backup', backup, '--json'], { data });
    expect(saved.code).toBe(0);
    expect(JSON.parse(saved.out)).toMatchObject({ level: 2, rows: { events: 38 }, workspaces: ['default', 'other'] });
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    const target = join(newFolder(), 'restored');
    const restored = await riskflow(['restore', backup], { data: target });
    expect([restored.code, restored.err]).toEqual([0, '']);
    expect(restored.out).toMatch(/events +38/);
    expect(restored.out).toContain('is restored');
    const [before, after] = [
      await riskflow(['projection', 'status', '--json'], { data }),
      await riskflow(['projection', 'status', '--json'], { data: target }),
    ];
    expect(JSON.parse(after.out)).toEqual(JSON.parse(before.out));
    const again = await riskflow(['restore', backup], { data: target });
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('the storage is not empty')]);
  });

  it('refuse what does not fit, and leave no file behind', async () => {
    const folder = newFolder();
    const target = join(folder, 'target');
    writeFileSync(join(folder, 'cut.rfb'), readFileSync(backup).subarray(0, 2000));
    const cut = await riskflow(['restore', join(folder, 'cut.rfb')], { data: target });
    expect([cut.code, cut.err]).toEqual([2, expect.stringMatching(/damaged or incomplete.*nothing was changed/s)]);
    const taken = await riskflow(['backup', backup], { data });
    expect([taken.code, taken.err]).toEqual([2, expect.stringContaining('exists already')]);
    mkdirSync(join(folder, 'empty'));
    const nothing = await riskflow(['backup', join(folder, 'x.rfb')], { data: join(folder, 'empty') });
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('there is no data file')]);
    expect(readdirSync(folder).sort()).toEqual(['cut.rfb', 'empty', 'target']);
    expect(readdirSync(join(folder, 'empty'))).toEqual([]);
    const both = await riskflow(['migrate', '--plan', '--back'], { data });
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('do not go together')]);
  });
});
