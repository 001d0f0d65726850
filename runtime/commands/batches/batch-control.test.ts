import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Storage } from '../../../schemas/index.ts';
import { openSqliteStorage } from '../../../storage/index.ts';
import { noteWish, watchWish } from './batch-control.ts';

describe('watchWish', () => {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-wish-'));
  let storage: Storage;
  beforeAll(async () => {
    storage = await openSqliteStorage({ folder });
  });
  afterAll(async () => {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const reader = () => ({ storage, workspaceId: 'w' });

  it('a cancel reaches those that share it with the one that saw it, and no others; a pause only those that saw it', async () => {
    const shared = new AbortController();
    const sees = await watchWish(reader(), 'batch/seen', shared);
    // What it looks at itself never says so, like one that has not looked yet.
    const hears = await watchWish(reader(), 'batch/unseen', shared);
    const alone = await watchWish(reader(), 'batch/unseen');
    await noteWish({ ...reader(), actor: 'test', now: () => 1 }, 'batch/seen', { wish: 'cancel', reason: 'enough' });
    await vi.waitFor(() => expect(sees.cancelled.aborted).toBe(true), { timeout: 5_000 });
    expect([hears.cancelled.aborted, hears.cancelled.reason, alone.cancelled.aborted]).toEqual([true, 'enough', false]);

    await noteWish({ ...reader(), actor: 'test', now: () => 1 }, 'batch/unseen', { wish: 'pause', reason: 'later' });
    await vi.waitFor(() => expect(alone.paused.aborted).toBe(true), { timeout: 5_000 });
    expect(sees.paused.aborted).toBe(false);
    for (const watch of [sees, hears, alone]) watch.close();
  });
});
