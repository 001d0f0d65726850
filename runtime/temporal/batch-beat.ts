import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, Context as Activity, log } from '@temporalio/activity';
import { isRiskflowError, RiskflowError, type Fence, type Storage } from '../../schemas/index.ts';
import { LEASE_LOST, STORAGE_AWAY } from '../../workflows/core.ts';
import type { Context } from '../context.ts';
import { LEASE_MS } from '../leases.ts';
import { oneAtATime } from './one-at-a-time.ts';

type BeatDeps = Pick<Context, 'workspaceId' | 'now'> & { readonly storage: Pick<Storage, 'leases'> };

const BEAT_MS = 1_000;
const BEATS_PER_RENEWAL = 3;

/** What an activity of a batch holds while it works. */
export type Beat = {
  /** The process is asked to end, the activity is cancelled, or a lease was lost. */
  readonly signal: AbortSignal;
  /** Leases that are kept, beside that of the batch. */
  readonly fences: Set<Fence>;
};

/** Gives signs of life to the server, which are also how it hears of a cancellation, and keeps the batch's lease and others. */
export async function whileBeating<T>({ storage, workspaceId, now }: BeatDeps, batch: Fence, task: (beat: Beat) => Promise<T>): Promise<T> {
  const activity = Activity.current();
  const lost = new AbortController();
  const fences = new Set<Fence>();
  const renew = async (fence: Fence): Promise<void> => {
    try {
      const ours = await storage.leases.renew(workspaceId, fence, { now: now(), ttlMs: LEASE_MS });
      if (ours) return;
      if (fence === batch) lost.abort(leaseLost(fence.resource));
      // It may have been given up meanwhile.
      else if (fences.has(fence)) lost.abort(new RiskflowError('taken_over', `the lease ${fence.resource} was taken over`));
    } catch (error) {
      log.warn(`the lease ${fence.resource} could not be renewed now`, { error });
    }
  };
  const renewAll = oneAtATime(async () => void (await Promise.all([batch, ...fences].map(renew))));
  let beats = 0;
  const timer = setInterval(() => {
    activity.heartbeat();
    if (++beats % BEATS_PER_RENEWAL === 0) renewAll();
  }, BEAT_MS);
  // Short portions would never come to a renewal of the batch's lease by the clock.
  renewAll();
  try {
    return await task({ signal: AbortSignal.any([activity.cancellationSignal, lost.signal]), fences });
  } catch (error) {
    if (isStorageAway(error)) throw error;
    activity.cancellationSignal.throwIfAborted();
    lost.signal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Resolves once storage takes writes and the batch is still ours: a server that only reads is away too.
 * @returns whether it had to be waited for
 * @throws ApplicationFailure `LeaseLost`; `StorageAway` when the signal was aborted first
 */
export async function untilStorageTakes(
  { storage, workspaceId, now }: BeatDeps,
  { batch, signal }: { readonly batch: Fence; readonly signal: AbortSignal },
): Promise<boolean> {
  for (let waited = false; ; waited = true) {
    const ours = await storage.leases.renew(workspaceId, batch, { now: now(), ttlMs: LEASE_MS }).catch((error: unknown) => {
      log.warn('storage takes no writes; the runs wait for it', { error });
      return undefined;
    });
    if (ours === false) throw leaseLost(batch.resource);
    if (ours === true) return waited;
    if (signal.aborted) throw storageAway();
    await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Whether storage said of itself that it did not do something now and may later. While a run is driven nothing else says so: what calls
 * to outside come to is a result.
 */
export const isStorageTrouble = (error: unknown): boolean => isRiskflowError(error) && (error.code === 'busy' || error.code === 'failed');

export const leaseLost = (resource: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`the lease ${resource} was taken over`, LEASE_LOST);

/** Not an attempt of the runs: the workflow has it done again. */
export const storageAway = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable('storage was away until the worker was stopped', STORAGE_AWAY);

const isStorageAway = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === STORAGE_AWAY;
