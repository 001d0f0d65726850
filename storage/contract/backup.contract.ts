import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database.ts';
import { maintenanceOf, type StorageMaintenance } from '../maintenance.ts';
import { releasedMigrations } from '../migrations/released.ts';
import { readSchemaState } from '../migrations/schema-state.ts';
import { storageOver } from '../open-storage.ts';
import { execute } from '../prepared-query.ts';
import { upcasters } from '../upcast-steps.ts';
import { AWKWARD_NUMBERS } from './awkward-numbers.ts';
import { append, resultRecorded, unit } from './fixtures.ts';
import type { SchemaBackend, SchemaPlace } from './backend.ts';
import { loadLevelOne, rowsOfLevelOne } from './released-schema.ts';
import { trendChange } from './trends.contract.ts';

type Kept = { readonly database: Database; readonly maintenance: StorageMaintenance };

/** Backups of `from` restored into `into`, and back. */
export function backupContract(names: string, from: Pick<SchemaBackend, 'create'>, into: Pick<SchemaBackend, 'create'>): void {
  describe(`a backup of ${names}`, () => {
    const open: SchemaPlace[] = [];
    let folder: string;
    const make = async (backend: Pick<SchemaBackend, 'create'>): Promise<Kept> => {
      const place = await backend.create();
      open.push(place);
      return {
        database: place.database,
        maintenance: maintenanceOf({ database: place.database, migrations: releasedMigrations, copy: undefined }),
      };
    };
    /** Two workspaces with everything in it, as the first release left them, brought to this one. */
    const filled = async (): Promise<Kept> => {
      const made = await make(from);
      await loadLevelOne(made.database);
      await made.maintenance.migrate();
      return made;
    };
    const path = (name: string): string => join(folder, name);
    const hashes = async ({ database }: Kept): Promise<unknown> => {
      const { projections } = storageOver(database, upcasters);
      const all: unknown[] = [];
      for (const ws of ['default', 'other']) {
        await projections.catchUp(ws);
        for (const { name, rows, hash } of await projections.status(ws)) all.push([ws, name, rows, hash]);
      }
      return all;
    };
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'riskflow-backup-'));
    });
    afterEach(async () => {
      for (const { database, remove } of open.splice(0)) {
        await database.close();
        await remove();
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    it('gives every row and every read model again, there and back', async () => {
      const source = await filled();
      const before = await hashes(source);
      const progress: string[] = [];
      const summary = await source.maintenance.backup(path('a'), (label, done, total) => progress.push(`${label} ${done}/${total}`));
      expect(summary).toMatchObject({ workspaces: ['default', 'other'], level: 3, rows: { events: 38, inbox: 4, dead_letters: 2 } });
      expect(progress.at(-1)).toMatch(/^back up (\d+)\/\1$/);
      const target = await make(into);
      const restored = await target.maintenance.restore(path('a'));
      expect(restored.rows).toEqual(summary.rows);
      expect(restored.projections.map(({ same }) => same)).toEqual(restored.projections.map(() => true));
      expect(await hashes(target)).toEqual(before);
      const { leases: theirs, migrations: _first, projection_checkpoints: _done, ...rows } = await rowsOfLevelOne(source.database.read);
      const { leases, migrations: _second, projection_checkpoints: _again, ...now } = await rowsOfLevelOne(target.database.read);
      expect(now).toEqual(rows);
      expect(leases?.length).toBe(theirs?.length);
      // The positions go on where they were.
      const storage = storageOver(target.database, upcasters);
      const head = await storage.events.head('default', 'ledger');
      expect(await storage.events.write(unit('default', { appends: [append('more', [1])] }))).toEqual({
        status: 'written',
        positions: [{ log: 'ledger', n: head + 1 }],
      });
      await target.maintenance.backup(path('b'));
      const back = await make(from);
      expect((await back.maintenance.restore(path('b'))).projections.every(({ same }) => same === true)).toBe(true);
      expect(await hashes(back)).toEqual(await hashes(target));
    });

    it('holds the panes of trends and how far they are counted', async () => {
      const source = await filled();
      const { panes, ...rest } = trendChange({ events: [] });
      await storageOver(source.database, upcasters).trends.apply('default', { ...rest, panes });
      await source.maintenance.backup(path('a'));
      const target = await make(into);
      await target.maintenance.restore(path('a'));
      const { trends } = storageOver(target.database, upcasters);
      expect(await trends.panes('default', 'reports', { from: -Infinity, to: Infinity })).toEqual(panes);
      expect(await trends.progress('default', 'reports')).toEqual(rest.progress);
    });

    it('keeps real numbers to the last bit, there and back', async () => {
      const source = await filled();
      const events = AWKWARD_NUMBERS.map((x, i) => resultRecorded({ sampleId: `s-${i}`, cost: x, elapsedMs: x }));
      await storageOver(source.database, upcasters).events.write(
        unit('default', { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }),
      );
      await source.maintenance.backup(path('a'));
      const target = await make(into);
      const there = await target.maintenance.restore(path('a'));
      expect(there.projections.filter(({ same }) => same !== true)).toEqual([]);
      await target.maintenance.backup(path('b'));
      const again = await (await make(from)).maintenance.restore(path('b'));
      expect(again.projections.filter(({ same }) => same !== true)).toEqual([]);
      expect(again.projections).toEqual(there.projections);
    });

    it('is of one moment, while others write', async () => {
      const source = await filled();
      const storage = storageOver(source.database, upcasters);
      const over = { yes: false };
      const writing = (async () => {
        for (let i = 0; !over.yes; i++) {
          await storage.events.write(
            unit('busy', { appends: [append('left', [i]), append('right', [i])], claims: [{ scope: 's', key: `${i}`, value: 'v' }] }),
          );
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await source.maintenance.backup(path('a'));
      over.yes = true;
      await writing;
      const target = await make(into);
      await target.maintenance.restore(path('a'));
      const restored = storageOver(target.database, upcasters);
      const left = await restored.events.readStream('busy', 'left');
      expect(left.length).toBeGreaterThan(0);
      expect((await restored.events.readStream('busy', 'right')).length).toBe(left.length);
      expect(await restored.events.head('busy', 'ledger')).toBe(2 * left.length);
      expect(await restored.events.readClaim('busy', 's', String(left.length - 1))).toBe('v');
      expect(await restored.events.readClaim('busy', 's', String(left.length))).toBe(undefined);
    });

    it('that was cut or changed anywhere is refused, with nothing changed', async () => {
      const source = await filled();
      await source.maintenance.backup(path('a'));
      const whole = readFileSync(path('a'));
      const text = gunzipSync(whole).toString('utf8');
      const lines = text.split('\n');
      const wrong: Readonly<Record<string, Buffer>> = {
        'cut in the middle': whole.subarray(0, whole.length >> 1),
        'without its last byte': whole.subarray(0, -1),
        'a bit turned': Buffer.from(whole.map((byte, i) => (i === whole.length >> 1 ? byte ^ 1 : byte))),
        'a letter changed': gzipSync(text.replace('tester', 'tenter')),
        'a row less': gzipSync(lines.filter((_, i) => i !== 5).join('\n')),
        'without its end': gzipSync(`${lines.slice(0, -2).join('\n')}\n`),
        'with something behind its end': gzipSync(`${text}{}\n`),
        'no backup': gzipSync('hello\n'),
        'no gzip': Buffer.from('hello'),
        empty: Buffer.alloc(0),
      };
      const target = await make(into);
      for (const [name, bytes] of Object.entries(wrong)) {
        writeFileSync(path('wrong'), bytes);
        await expect(target.maintenance.restore(path('wrong')), name).rejects.toMatchObject({ code: 'invalid_file' });
        expect((await readSchemaState(target.database.read, target.database.dialect)).level, name).toBe(0);
      }
      await expect(target.maintenance.restore(path('none'))).rejects.toMatchObject({ code: 'not_found' });
      expect((await target.maintenance.restore(path('a'))).rows['events']).toBe(38);
    });

    it('goes into an empty storage only, and over no file', async () => {
      const source = await filled();
      await source.maintenance.backup(path('a'));
      await expect(source.maintenance.backup(path('a'))).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('exists already'),
      });
      await expect(source.maintenance.backup(path('none/a'))).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/^there is no folder .*none$/),
      });
      const before = await hashes(source);
      await expect(source.maintenance.restore(path('a'))).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('not empty'),
      });
      expect(await hashes(source)).toEqual(before);
      expect(readdirSync(folder)).toEqual(['a']);
    });

    it('of an earlier level can be made, and restored into this one', async () => {
      const old = await make(from);
      await loadLevelOne(old.database);
      expect((await old.maintenance.backup(path('a'))).level).toBe(1);
      const target = await make(into);
      const { rows, projections } = await target.maintenance.restore(path('a'));
      expect([rows['events'], new Set(projections.map(({ same }) => same))]).toEqual([38, new Set([null])]);
    });

    it('whose restore was interrupted is restored by doing it again', async () => {
      const source = await filled();
      await source.maintenance.backup(path('a'));
      const target = await make(into);
      await target.maintenance.migrate();
      // What a process that was killed half-way has left on a server: the mark, and some rows.
      await target.database.transaction(async (trx) => {
        await execute(trx, `update schema_state set restoring = '${'0'.repeat(64)}'`);
        await execute(trx, "insert into counters (workspace_id, name, n) values ('default', 'ledger', 7)");
      });
      await expect(target.maintenance.migrate()).rejects.toMatchObject({
        code: 'failed',
        hint: expect.stringContaining('riskflow restore'),
      });
      expect((await target.maintenance.restore(path('a'))).projections.every(({ same }) => same === true)).toBe(true);
      expect(await hashes(target)).toEqual(await hashes(source));
      expect((await target.maintenance.schema()).pending).toEqual([]);
    });
  });
}
