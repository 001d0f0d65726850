import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { noopMetricMeter, type Logger } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fence, Storage } from '../../schemas/index.ts';
import { whileBeating } from './batch-beat.ts';

const quiet: Logger = { log: () => {}, trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('the beat of an activity of a batch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('goes on while storage does not answer, of which it asks one thing at a time', async () => {
    const batch: Fence = { resource: 'batch/b', owner: 'w', fence: 1 };
    const portion: Fence = { resource: 'batch/b/0', owner: 'p', fence: 1 };
    const away = Promise.withResolvers<boolean>();
    const renew = vi.fn<Storage['leases']['renew']>(() => away.promise);
    const beats = vi.fn();
    const done = Promise.withResolvers<string>();
    const cancelled = new AbortController().signal;
    const activity = new Context({} as Info, new Promise(() => undefined), cancelled, beats, undefined, quiet, noopMetricMeter, {});
    const unused = () => Promise.reject(new Error('nobody asks for this'));
    const storage = { leases: { renew, take: unused, release: unused, read: unused } };
    const working = asyncLocalStorage.run(activity, () =>
      whileBeating({ storage, workspaceId: 'w', now: Date.now }, batch, async ({ fences }) => {
        fences.add(portion);
        return done.promise;
      }),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(beats).toHaveBeenCalledTimes(60);
    expect(renew.mock.calls.map(([, { resource }]) => resource)).toEqual(['batch/b']);
    // It is back: all leases are renewed at once, with the time of now.
    away.resolve(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(renew.mock.calls.slice(1).map(([, { resource }, { now }]) => [resource, now])).toEqual([
      ['batch/b', Date.now() - 1],
      ['batch/b/0', Date.now() - 1],
    ]);
    done.resolve('done');
    expect(await working).toBe('done');
  });
});
