import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Storage } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { forgetPayloads, payloadBlobs } from './payload-blobs.ts';

const MIB = 1024 * 1024;

describe('payloads in storage', () => {
  let folder: string;
  let storage: Storage;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'riskflow-payloads-'));
    storage = await openSqliteStorage({ folder });
  });
  afterEach(async () => {
    await storage.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are found by the hash of their bytes, by other processes too, in their workspace only', async () => {
    const bytes = new Uint8Array(300_000).fill(7);
    const sha256 = await payloadBlobs(storage, 'w').write(bytes);
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await payloadBlobs(storage, 'w').read(sha256)).toEqual(bytes);
    await expect(payloadBlobs(storage, 'other').read(sha256)).rejects.toMatchObject({
      code: 'not_found',
      message: `the payload ${sha256.slice(0, 12)} of Temporal is not in this storage`,
    });
  });

  it('are written once and not read again, while they are among the last 16 MiB', async () => {
    const write = vi.fn<Storage['events']['write']>((unit) => storage.events.write(unit));
    const read = vi.fn<Storage['blobs']['read']>((...args) => storage.blobs.read(...args));
    const blobs = payloadBlobs({ events: { ...storage.events, write }, blobs: { ...storage.blobs, read } }, 'w');
    const names = [];
    for (let i = 0; i < 5; i++) names.push(await blobs.write(new Uint8Array(4 * MIB).fill(i)));
    await blobs.write(new Uint8Array(4 * MIB).fill(4));
    expect(write).toHaveBeenCalledTimes(5);
    expect((await blobs.read(names[4] ?? ''))[0]).toBe(4);
    expect(read).not.toHaveBeenCalled();
    expect((await blobs.read(names[0] ?? ''))[0]).toBe(0);
    expect(read).toHaveBeenCalledTimes(1);
  });

  describe('that Temporal has forgotten', () => {
    const DAY_MS = 24 * 3_600_000;
    let now: number;
    const day =
      (n: number): (() => number) =>
      () =>
        now - n * DAY_MS;
    const bytes = (n: number): Uint8Array => new Uint8Array(200_000).fill(n);
    const forget = (known: readonly string[]): Promise<number> =>
      forgetPayloads(storage.blobs, {
        workspaceId: 'w',
        // Storage's own clock is that of the machine: what is written now is old enough two days later.
        now,
        isKnown: (workflowId) => Promise.resolve(known.includes(workflowId)),
        signal: new AbortController().signal,
      });
    const isThere = async (sha256: string): Promise<boolean> => (await storage.blobs.read('w', sha256)) !== undefined;
    beforeEach(() => void (now = Date.now() + 2 * DAY_MS));

    it('are removed; those of workflows that it has, those of yesterday, and those that nobody knows whose they are, are kept', async () => {
      const names = await Promise.all([
        payloadBlobs(storage, 'w', day(9)).write(bytes(1), 'default/run/gone'),
        payloadBlobs(storage, 'w', day(9)).write(bytes(2), 'default/run/open'),
        payloadBlobs(storage, 'w', day(1)).write(bytes(3), 'default/run/gone'),
        payloadBlobs(storage, 'w', day(9)).write(bytes(4)),
        payloadBlobs(storage, 'w', day(9)).write(bytes(5), 'x'.repeat(300)),
      ]);
      expect(await forget(['default/run/open'])).toBe(1);
      expect(await Promise.all(names.map(isThere))).toEqual([false, true, true, true, true]);
      expect(await forget(['default/run/open'])).toBe(0);
    });

    it('are kept while another workflow needs the same bytes, though they were written long ago', async () => {
      const process = { now: day(9)() };
      const blobs = payloadBlobs(storage, 'w', () => process.now);
      const sha256 = await blobs.write(bytes(1), 'default/run/gone');
      await blobs.write(bytes(1), 'default/run/open');
      process.now = day(1)();
      await blobs.write(bytes(1), 'default/run/just-begun');
      expect(await forget(['default/run/open'])).toBe(0);
      expect(await forget([])).toBe(0);
      now += DAY_MS;
      expect(await forget([])).toBe(1);
      expect(await isThere(sha256)).toBe(false);
    });

    it('are found beyond the first page of those that are not forgotten', async () => {
      const blobs = payloadBlobs(storage, 'w', day(9));
      const kept = Array.from({ length: 250 }, (_, i) => `default/run/a${i}`);
      for (const id of kept) await blobs.write(bytes(1), id);
      await blobs.write(bytes(2), 'default/run/z');
      expect(await forget(kept)).toBe(1);
    });
  });
});
