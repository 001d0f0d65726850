import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Storage } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { payloadBlobs } from './payload-blobs.ts';

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
});
