import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadLevelOne } from '../../storage/contract/released-schema.ts';
import { execute } from '../../storage/prepared-query.ts';
import { openSqliteDatabase } from '../../storage/sqlite/open.ts';
import { newFolder, riskflow, startRiskflow } from './riskflow.ts';

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
      schema: {
        level: 1,
        ours: 3,
        oldest: 1,
        oldestAfter: 1,
        pending: [
          { level: 2, kind: 'expand' },
          { level: 3, kind: 'expand' },
        ],
      },
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
      schema: { from: 1, to: 3, copy: join(data, 'riskflow.sqlite.level-1') },
      searchAttributes: null,
    });
    expect(statSync(join(data, 'riskflow.sqlite.level-1')).size).toBeGreaterThan(50_000);
    expect((await riskflow(['migrate'], { data })).out).toContain('has level 3: nothing was to be done');
    expect((await riskflow(['migrate', '--back'], { data })).out).toContain('went back from level 3 to level 2');
    expect((await riskflow(['migrate', '--back'], { data })).out).toContain('went back from level 2 to level 1');
    const refused = await riskflow(['migrate', '--back'], { data });
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('there is no level below 1')]);
    // Other commands add what is missing by themselves.
    expect((await riskflow(['projection', 'status'], { data })).code).toBe(0);
    expect((await riskflow(['migrate', '--plan'], { data })).out).toContain('has level 3: nothing is to be done');
  });

  it('move the data to another folder with the same read models', async () => {
    const saved = await riskflow(['backup', backup, '--json'], { data });
    expect(saved.code).toBe(0);
    expect(JSON.parse(saved.out)).toMatchObject({ level: 3, rows: { events: 38 }, workspaces: ['default', 'other'] });
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

describe('migrate --backup', () => {
  it('makes the backup that was asked for, also when nothing is to be migrated', async () => {
    const data = await oldData();
    const folder = newFolder();
    const first = await riskflow(['migrate', '--backup', join(folder, 'a.rfb')], { data });
    const again = await riskflow(['migrate', '--backup', join(folder, 'b.rfb'), '--json'], { data });
    expect([first.code, again.code]).toEqual([0, 0]);
    expect(first.out).toMatch(/^the backup is .*a\.rfb .*went from level 1 to level 3/s);
    expect(JSON.parse(again.out)).toMatchObject({ schema: { applied: [] }, backup: { file: join(folder, 'b.rfb'), rows: { events: 38 } } });
    expect(readdirSync(folder).sort()).toEqual(['a.rfb', 'b.rfb']);
  });

  it('says that there is none of a storage without tables', async () => {
    const file = join(newFolder(), 'a.rfb');
    const { code, err } = await riskflow(['migrate', '--backup', file], { data: join(newFolder(), 'none') });
    expect([code, err, existsSync(file)]).toEqual([0, 'riskflow: there were no tables yet, so there is no backup\n', false]);
  });

  it.each([
    ['migrate', ['--backup', 'a.rfb', '--no-backup'], 'migrate: --backup and --no-backup do not go together'],
    ['migrate', ['--no-backup', '--backup', 'a.rfb'], 'migrate: --backup and --no-backup do not go together'],
    ['worker', ['--http', '127.0.0.1:0', '--no-http'], 'worker: --http and --no-http do not go together'],
  ])('is not had with its opposite: %s %j', async (verb, args, message) => {
    const data = join(newFolder(), 'none');
    const { code, err } = await riskflow([verb, ...args], { data });
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(data)).toBe(false);
  });
});

describe('a process that is up and idle', () => {
  it('keeps its tables, and its storage from being filled; killed or stopped it no longer counts', async () => {
    const data = await oldData();
    const backup = join(newFolder(), 'a.rfb');
    await riskflow(['migrate', '--backup', backup], { data });
    const start = (folder: string) => startRiskflow(['start', '--http', '127.0.0.1:0'], { data: folder });
    const [here, standby] = [start(data), start(data)];
    await here.printed(/keeps the schedules|waits to take over/);
    await standby.printed(/keeps the schedules|waits to take over/);
    const refused = await riskflow(['migrate', '--back'], { data });
    expect([refused.code, refused.err.match(/process \d+ on \S+ is up \(riskflow start\)/g)?.length]).toEqual([1, 2]);
    expect(refused.err).toContain('nothing was changed');
    here.child.kill('SIGKILL');
    standby.child.kill('SIGTERM');
    await Promise.all([here.finished, standby.finished]);
    expect((await riskflow(['migrate', '--back'], { data })).out).toContain('went back from level 3 to level 2');

    const empty = join(newFolder(), 'empty');
    const there = start(empty);
    await there.printed(/keeps the schedules/);
    const early = await riskflow(['restore', backup], { data: empty });
    expect([early.code, early.err]).toEqual([1, expect.stringContaining('is up (riskflow start)')]);
    there.child.kill('SIGTERM');
    await there.finished;
    expect((await riskflow(['restore', backup], { data: empty })).code).toBe(0);
  });

  it('is no longer ready, and says so once, when its tables were changed all the same', { timeout: 60_000 }, async () => {
    const data = join(newFolder(), 'data');
    const { child, finished, printed } = startRiskflow(['start', '--http', '127.0.0.1:0'], { data });
    const url = await printed(/(http:\/\/\S+)\/health\/ready/);
    await printed(/keeps the schedules/);
    const ready = async (): Promise<unknown> => {
      const response = await fetch(`${url}/health/ready`);
      return [response.status, await response.text()];
    };
    expect(await ready()).toEqual([200, '{"status":"ready"}\n']);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^riskflow_schedules_kept 1$/m);
    const { database } = await openSqliteDatabase({ folder: data });
    await database.transaction((trx) => execute(trx, 'update schema_state set level = 1'));
    await database.close();
    const misfit = 'the tables were changed under this process: the tables have level 1, and this release needs level 3';
    expect(await ready()).toEqual([503, `{"status":"unavailable","reasons":["${misfit}"]}\n`]);
    await printed(/cannot work on/);
    expect(await (await fetch(`${url}/health/live`)).text()).toBe('{"status":"live"}\n');
    child.kill('SIGTERM');
    const { code, err } = await finished;
    expect([code, err.split('cannot work on').length]).toEqual([0, 2]);
  });
});
