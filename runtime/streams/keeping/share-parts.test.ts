import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PART_COUNT, type TaskReport } from '../../../schemas/index.ts';
import { holdLease } from '../../leases.ts';
import type { App } from '../../open-app.ts';
import { shareParts } from './share-parts.ts';
import { openRig } from '../source-rig.ts';
import { openTaskBoard } from './task-board.ts';

let folder: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-parts-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(folder, { recursive: true });
});

type Sharer = { readonly holds: Set<number>; readonly told: TaskReport[]; readonly stop: () => Promise<void> };

/** One that shares the parts as a process does; its work on a part is to hold it. */
async function sharer(work?: (part: number) => Promise<void>): Promise<Sharer> {
  const app: App = await openRig(join(folder, 'data'));
  const { context } = app;
  const board = openTaskBoard(context, 's');
  const user = new AbortController();
  const holds = new Set<number>();
  const told: TaskReport[] = [];
  const done = shareParts(context, {
    sourceId: 's',
    signal: user.signal,
    report: (report) => {
      told.push(report);
      board.report(report);
    },
    work: async (part, signal) => {
      const lease = await holdLease(context, `source/s/part/${part}`);
      try {
        holds.add(part);
        await work?.(part);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      } finally {
        holds.delete(part);
        await lease.release();
      }
    },
  });
  const stop = async (): Promise<void> => {
    user.abort();
    await done;
    await board.close();
  };
  closing.push(async () => {
    await stop();
    await app.close();
  });
  return { holds, told, stop };
}

const parts = (...sharers: readonly Sharer[]): readonly number[] => sharers.flatMap(({ holds }) => [...holds]).toSorted((a, b) => a - b);
const ALL = Array.from({ length: PART_COUNT }, (_, part) => part);
const soon = { timeout: 10_000, interval: 50 };

describe('the parts of a source', () => {
  it('are all of one process; of two each gets half, and all again when the other ends', { timeout: 40_000 }, async () => {
    const first = await sharer();
    await vi.waitFor(() => expect(parts(first)).toEqual(ALL), soon);
    const second = await sharer();
    await vi.waitFor(() => {
      expect([first.holds.size, second.holds.size]).toEqual([PART_COUNT / 2, PART_COUNT / 2]);
      expect(parts(first, second)).toEqual(ALL);
    }, soon);
    await first.stop();
    await vi.waitFor(() => expect(parts(second)).toEqual(ALL), soon);
    expect(parts(first)).toEqual([]);
  });

  it('one that fails is told of, and tried again after a pause, while the others go on', { timeout: 20_000 }, async () => {
    let failures = 0;
    const only = await sharer(async (part) => {
      await Promise.resolve();
      if (part === 1 && ++failures <= 2) throw new Error('the disk is full');
    });
    await vi.waitFor(() => expect(parts(only)).toEqual(ALL), soon);
    expect(only.told.filter(({ task }) => task === 'decide/1')).toEqual([
      { task: 'decide/1', state: 'failed', trace: 'the disk is full; tried again in 500 ms' },
      { task: 'decide/1', state: 'failed', trace: 'the disk is full; tried again in 1000 ms' },
    ]);
    expect(only.told.filter(({ state }) => state === 'failed')).toHaveLength(2);
  });
});
