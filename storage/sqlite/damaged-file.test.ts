import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRiskflowError, type Storage } from '../../schemas/core.ts';
import { append, blobOf, unit } from '../contract/fixtures.ts';
import { openSqliteStorage } from './open.ts';

const PAGE = 4096;
const EVENTS = 600;
const BLOB = blobOf('the blob', 'b');

/** Bytes that look random and are the same in every run. */
function noise(length: number, seed: number): Uint8Array {
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

describe('a damaged data file', () => {
  let base: string;
  let sound: string;
  let folder: string;
  let file: string;
  let storage: Storage | undefined;

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'riskflow-damaged-'));
    sound = join(base, 'riskflow.sqlite');
    const first = await openSqliteStorage({ folder: base });
    for (let i = 0; i < EVENTS; i += 50) {
      const events = Array.from({ length: 50 }, (_, k) => ({ n: i + k, text: 'something that fills the page '.repeat(10) }));
      await first.events.write(unit('w', { appends: [append('s', events)] }));
    }
    await first.events.write(unit('w', { appends: [append('b', [1])], blobs: [BLOB] }));
    await first.close();
  });
  afterAll(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  beforeEach(() => {
    folder = mkdtempSync(join(base, 'case-'));
    file = join(folder, 'riskflow.sqlite');
    copyFileSync(sound, file);
  });
  afterEach(async () => {
    await storage?.close();
    storage = undefined;
  });

  function overwrite(at: number, bytes: Uint8Array): void {
    const content = readFileSync(file);
    content.set(bytes.subarray(0, Math.max(0, content.length - at)), at);
    writeFileSync(file, content);
  }
  const sizeOf = (): number => readFileSync(file).length;

  /** Opens it, reads everything and writes. */
  async function useAll(): Promise<void> {
    storage = await openSqliteStorage({ folder });
    for (let after = 0; ;) {
      const page = await storage.events.readLog('w', 'ledger', { after, limit: 100 });
      if (page.length === 0) break;
      after = page.at(-1)?.position.n ?? EVENTS * 2;
    }
    await storage.blobs.readMany('w', [BLOB.sha256]);
    await storage.events.write(unit('w', { appends: [append('s', [1])], blobs: [blobOf('another', 'b')] }));
    await storage.projections.rebuild('w');
  }
  const trouble = (): Promise<unknown> =>
    useAll().then(
      () => 'nothing was wrong',
      (error: unknown) => error,
    );

  it.each<readonly [string, () => void]>([
    ['cut off in the middle', () => truncateSync(file, Math.floor(sizeOf() / 2 / PAGE) * PAGE)],
    ['cut off within a page', () => truncateSync(file, Math.floor(sizeOf() / 3) + 17)],
    ['cut off after its header', () => truncateSync(file, 120)],
    ['overwritten behind its first page', () => overwrite(PAGE, noise(sizeOf() - PAGE, 1))],
    ['zeroed in its second half', () => overwrite(Math.floor(sizeOf() / 2), new Uint8Array(sizeOf()))],
  ])('that is %s is told as such', async (_name, damage) => {
    damage();
    expect(await trouble()).toMatchObject({ code: 'invalid_file', message: `the data file ${file} is damaged` });
  });

  it('whose header is overwritten is not taken for a data file', async () => {
    overwrite(0, noise(100, 2));
    expect(await trouble()).toMatchObject({
      code: 'invalid_file',
      message: `${file} is not a data file of Riskflow, or its beginning is damaged`,
    });
  });

  it('that is damaged far behind is opened, and told as such by the read that comes there; others go on', async () => {
    const database = new DatabaseSync(file);
    // Where the last rows of the log lie.
    const last = database.prepare("select max(pageno) as page from dbstat where name = 'events' and pagetype = 'leaf'").get();
    const page = Number(last?.['page']);
    database.close();
    overwrite((page - 1) * PAGE, noise(PAGE, 3));
    storage = await openSqliteStorage({ folder });
    expect(await storage.events.readStream('w', 's', { limit: 5 })).toHaveLength(5);
    const all = storage.events.readLog('w', 'ledger', { limit: EVENTS * 2 });
    await expect(all).rejects.toMatchObject({ code: 'invalid_file', message: `the data file ${file} is damaged` });
    await expect(storage.projections.rebuild('w')).rejects.toMatchObject({ code: 'invalid_file' });
    await expect(storage.events.write(unit('w', { appends: [append('s', [1])] }))).rejects.toMatchObject({ code: 'invalid_file' });
    expect(await storage.events.head('w', 'ledger')).toBe(EVENTS + 1);
  });

  it('of which single pages are overwritten gives what it has or says that it is damaged, and nothing else', async () => {
    const pages = sizeOf() / PAGE;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: pages - 1 }), fc.nat(), async (page, seed) => {
        copyFileSync(sound, file);
        rmSync(`${file}-wal`, { force: true });
        rmSync(`${file}-shm`, { force: true });
        overwrite(page * PAGE, noise(PAGE, seed));
        const found = await trouble();
        await storage?.close();
        storage = undefined;
        expect(found === 'nothing was wrong' || (isRiskflowError(found) && found.code === 'invalid_file')).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('in which a row or a blob was changed past the storage says so', async () => {
    const database = new DatabaseSync(file);
    database.exec(`update events set data = '{"broken' where n = 7; update blobs set bytes = x'00'`);
    database.close();
    storage = await openSqliteStorage({ folder });
    await expect(storage.events.readLog('w', 'ledger', { limit: 10 })).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringMatching(/^the data is damaged: a row/),
    });
    await expect(storage.blobs.read('w', BLOB.sha256)).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringMatching(/^the data is damaged: the blob/),
    });
  });
});
