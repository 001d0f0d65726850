import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { App } from '../../open-app.ts';
import { createRoom, type Room } from './room.ts';
import { openRig } from '../source-rig.ts';

let folder: string;
let app: App;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-room-'));
  app = await openRig(join(folder, 'data'));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

/** A room over an inbox in which so many wait. */
function roomOver(inbox: { waiting: number; looks: number }, maxPending: number): Room {
  const { storage } = app.context;
  const pendingCount = (_workspace: string, _source: string, most: number): Promise<number> => {
    inbox.looks++;
    return Promise.resolve(Math.min(most, inbox.waiting));
  };
  return createRoom({ ...app.context, storage: { ...storage, inbox: { ...storage.inbox, pendingCount } } }, { sourceId: 's', maxPending });
}

describe('room for more records', () => {
  it('is gone when so many wait, and is there again when half of them are decided', async () => {
    const inbox = { waiting: 10, looks: 0 };
    const room = roomOver(inbox, 10);
    room.taken(9);
    const isThere = [room.hasRoom()];
    room.taken(1);
    expect([...isThere, room.hasRoom()]).toEqual([true, false]);
    const user = new AbortController();
    let isOver = false;
    const waiting = room.untilRoom(user.signal).then(() => (isOver = true));
    for (const waits of [10, 8, 6]) {
      inbox.waiting = waits;
      const { looks } = inbox;
      await vi.waitFor(() => expect(inbox.looks).toBeGreaterThan(looks + 1), { timeout: 5_000 });
      expect([waits, isOver]).toEqual([waits, false]);
    }
    inbox.waiting = 5;
    await waiting;
    expect(room.hasRoom()).toBe(true);
  });

  it('ends the wait of one that is aborted', async () => {
    const room = roomOver({ waiting: 99, looks: 0 }, 10);
    room.taken(10);
    const user = new AbortController();
    const waiting = room.untilRoom(user.signal);
    user.abort();
    await waiting;
    expect(room.hasRoom()).toBe(false);
  });

  it('is not asked for again and again', async () => {
    const inbox = { waiting: 3, looks: 0 };
    const room = roomOver(inbox, 10);
    for (let i = 0; i < 1000; i++) room.hasRoom();
    await vi.waitFor(() => expect(inbox.looks).toBe(1));
    const unbounded = roomOver(inbox, Infinity);
    unbounded.taken(1e9);
    expect(unbounded.hasRoom()).toBe(true);
    expect(inbox.looks).toBe(1);
  });
});
