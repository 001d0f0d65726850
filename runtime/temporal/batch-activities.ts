import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, Context as Activity, log } from '@temporalio/activity';
import {
  exitCodeOf,
  isRiskflowError,
  messageOf,
  RiskflowError,
  type Fence,
  type FinishedRunStatus,
  type LeaseOwner,
} from '../../schemas/index.ts';
import type { BatchActivities, BatchName, OpenResult, PieceArgs, PieceResult, RunCounts, RunFlowArgs } from '../../workflows/index.ts';
import { noteWish, readWish, watchWish, type WishWatch } from '../commands/batch-control.ts';
import type { BatchKind, BatchRun, BatchWork } from '../commands/batch-work.ts';
import { newId, type Context } from '../context.ts';
import { LEASE_MS, TEMPORAL_HOST } from '../leases.ts';

export type BatchActivityDeps = {
  readonly context: Pick<Context, 'workspaceId' | 'storage' | 'now' | 'actor' | 'owner' | 'isDead'>;
  readonly kinds: Readonly<Record<BatchName['kind'], BatchKind>>;
};

const BEAT_MS = 1_000;
const BEATS_PER_RENEWAL = 3;
const WAIT_MS = 250;
/** Tries of a run within one attempt of its activity. */
const TRIES = 3;
const KNOWN_BATCHES = 8;

/** The activities of batches over the ports of this process. */
export function createBatchActivities(deps: BatchActivityDeps): BatchActivities {
  const { context } = deps;
  const works = new Map<string, Promise<BatchWork>>();
  const workOf = ({ kind, id }: BatchName): Promise<BatchWork> => {
    const name = `${kind}/${id}`;
    const work = works.get(name) ?? deps.kinds[kind].open(id);
    // The last one used is the last one in the map.
    works.delete(name);
    works.set(name, work);
    work.catch(() => works.delete(name));
    const oldest = works.size > KNOWN_BATCHES ? works.keys().next().value : undefined;
    if (oldest !== undefined) works.delete(oldest);
    return work;
  };
  const checked = <T>({ workspaceId }: BatchName, task: () => Promise<T>): Promise<T> =>
    guarded(() => {
      if (workspaceId !== context.workspaceId)
        throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
      return task();
    });
  return {
    openBatch: (args) => checked(args, () => openBatch(deps, { ...args, work: () => workOf(args) })),
    performRuns: (args) =>
      checked(args, () =>
        withPiece(deps, args, async (held) => {
          const work = await workOf(args);
          const leave = work.calls.enter(args.calls);
          const watch = await watchWish(context, resourceOf(args));
          try {
            return await performPiece(deps, { ...held, args, watch, runs: await work.runs(args.piece) });
          } finally {
            watch.close();
            leave();
          }
        }),
      ),
    failRuns: (args) =>
      checked(args, () =>
        withPiece(deps, args, async (held) => {
          const tally = new Tally();
          for (const run of await (await workOf(args)).runs(args.piece)) {
            tally.add(run, await run.giveUp({ ...held, error: args.error }));
          }
          return tally.counts();
        }),
      ),
    readWish: (args) => checked(args, async () => (await readWish(context, resourceOf(args)))?.wish ?? null),
    noteWish: ({ wish, reason, ...name }) => checked(name, async () => void (await noteWish(context, resourceOf(name), { wish, reason }))),
    closeBatch: ({ fence, counts, ...name }) =>
      checked(name, () =>
        whileBeating(deps, [fence], async () => {
          const kind = deps.kinds[name.kind];
          const ended = await kind.ended(name.id);
          const verdict = ended === undefined ? await kind.close(name.id, { fence, counts }) : ended;
          await context.storage.leases.release(name.workspaceId, fence);
          works.delete(resourceOf(name));
          return { verdict };
        }),
      ),
  };
}

const resourceOf = ({ kind, id }: Pick<BatchName, 'kind' | 'id'>): string => `${kind}/${id}`;

type Opening = BatchName & { readonly owner: string; readonly work: () => Promise<BatchWork> };

async function openBatch({ context, kinds }: BatchActivityDeps, { owner, work, ...name }: Opening): Promise<OpenResult> {
  const ended = await kinds[name.kind].ended(name.id);
  if (ended !== undefined) return { status: 'over', verdict: ended };
  const { shape } = await work();
  const resource = resourceOf(name);
  const { workspaceId, storage, now } = context;
  const who: LeaseOwner = { owner, host: TEMPORAL_HOST, boot: 'temporal', pid: 0 };
  const taken = await storage.leases.take(workspaceId, resource, who, { now: now(), ttlMs: LEASE_MS, isDead: context.isDead });
  if (taken.status === 'held' && taken.by.owner !== owner)
    return { status: 'held', by: `process ${taken.by.pid} on ${taken.by.host}`, waitMs: Math.max(taken.until - now(), 0) + 100 };
  const wish = (await readWish(context, resource))?.wish ?? null;
  if (taken.status === 'taken') return { status: 'taken', fence: taken.fence, shape, wish };
  // The answer to an earlier taking was lost: it is ours, and this is its fence.
  const lease = await storage.leases.read(workspaceId, resource);
  if (lease?.owner !== owner) throw new RiskflowError('busy', `the lease ${resource} changed hands while it was taken`);
  return { status: 'taken', fence: { resource, owner, fence: lease.fence }, shape, wish };
}

type HeldPiece = {
  readonly fence: Fence;
  readonly within: Fence;
  /** The process is asked to end, the activity is cancelled, or a lease was lost. */
  readonly signal: AbortSignal;
};

/**
 * Holds the lease of a chunk while `task` works on a piece of it. Each attempt has one of its own, for which it waits: an attempt that
 * Temporal gave up may still be at work, and only one of them can write.
 */
async function withPiece<T>(deps: BatchActivityDeps, args: PieceArgs, task: (held: HeldPiece) => Promise<T>): Promise<T> {
  const { leases } = deps.context.storage;
  const { workspaceId } = args;
  const fences = [args.fence];
  return whileBeating(deps, fences, async (signal) => {
    const fence = await takeChunk(deps, args, signal);
    fences.push(fence);
    try {
      return await task({ fence, within: args.fence, signal });
    } finally {
      // It lapses by itself when storage is away.
      await leases.release(workspaceId, fence).catch(() => undefined);
    }
  });
}

async function takeChunk({ context }: BatchActivityDeps, { fence, piece }: PieceArgs, signal: AbortSignal): Promise<Fence> {
  const { workspaceId, storage, now, isDead } = context;
  const owner: LeaseOwner = { ...context.owner, owner: newId() };
  for (;;) {
    const taken = await storage.leases.take(workspaceId, `${fence.resource}/${piece.home}`, owner, { now: now(), ttlMs: LEASE_MS, isDead });
    if (taken.status === 'taken') return taken.fence;
    await delay(WAIT_MS, undefined, { signal });
  }
}

type PieceWork = HeldPiece & { readonly args: PieceArgs; readonly watch: WishWatch; readonly runs: readonly BatchRun[] };

/** Drives all runs of a piece at once. A run that cannot be driven holds up no other: it is tried again, and then told. */
async function performPiece({ context }: BatchActivityDeps, work: PieceWork): Promise<PieceResult> {
  const { args, watch, runs, fence, within } = work;
  const lost = new AbortController();
  const signal = AbortSignal.any([work.signal, watch.paused, lost.signal]);
  const tally = new Tally();
  const left = new Set(runs);
  const errors = new Map<BatchRun, string>();
  // Who takes a lease for the first time finds nothing that was begun under it.
  let fresh = fence.fence === 1 && within.fence === 1;
  const drive = async (run: BatchRun): Promise<void> => {
    if (watch.cancelled() !== undefined) return;
    try {
      tally.add(run, await run.drive({ fence, within, fresh, signal, cancelled: watch.cancelled }));
      left.delete(run);
    } catch (error) {
      if (isRiskflowError(error) && error.code === 'busy') lost.abort(leaseLost(args.fence.resource));
      else if (!signal.aborted) errors.set(run, messageOf(error));
    }
  };
  for (let tries = 1; tries <= TRIES; tries++) {
    errors.clear();
    await Promise.all(Array.from(left, drive));
    work.signal.throwIfAborted();
    lost.signal.throwIfAborted();
    if (watch.cancelled() !== undefined)
      return { status: 'cancelled', counts: tally.counts(), troubled: [], handedOver: tally.handedOver() };
    if (signal.aborted) return { status: 'left', counts: tally.counts(), troubled: [], handedOver: tally.handedOver() };
    if (left.size === 0) break;
    // Of storage that is away nobody is to blame: it is waited for, and does not count.
    if (await untilStorageAnswers(context, signal)) tries--;
    await delay(WAIT_MS * 2 ** tries, undefined, { signal }).catch(() => undefined);
    fresh = false;
  }
  const troubled = new Map(Array.from(left, (run) => [run.place, errors.get(run) ?? 'it did not end']));
  return {
    status: 'done',
    counts: tally.counts(new Set(troubled.keys())),
    troubled: Array.from(troubled, ([place, error]) => ({ place, error })),
    handedOver: tally.handedOver(),
  };
}

/** Resolves once storage can be read. @returns whether it had to be waited for */
async function untilStorageAnswers({ storage, workspaceId }: BatchActivityDeps['context'], signal: AbortSignal): Promise<boolean> {
  for (let waited = false; !signal.aborted; waited = true) {
    try {
      await storage.events.head(workspaceId, 'ledger');
      return waited;
    } catch (error) {
      log.warn('storage does not answer; the runs wait for it', { error });
      await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return true;
}

/** How the runs of a piece ended. */
class Tally {
  readonly #ends = new Map<BatchRun, FinishedRunStatus | RunFlowArgs>();

  add(run: BatchRun, end: FinishedRunStatus | { readonly handOver: RunFlowArgs }): void {
    this.#ends.set(run, typeof end === 'string' ? end : end.handOver);
  }

  /** Without those of some places. */
  counts(except: ReadonlySet<number> = new Set()): RunCounts {
    const ends = [...this.#ends].filter(([run]) => !except.has(run.place)).map(([, end]) => end);
    const count = (wanted: (end: FinishedRunStatus | RunFlowArgs) => boolean): number => ends.filter(wanted).length;
    return {
      succeeded: count((end) => end === 'succeeded' || end === 'partial-succeeded'),
      failed: count((end) => end === 'failed'),
      stopped: count((end) => end === 'stopped'),
      handedOver: count((end) => typeof end === 'object'),
    };
  }

  handedOver(): readonly RunFlowArgs[] {
    return [...this.#ends.values()].filter((end) => typeof end === 'object');
  }
}

/** Gives signs of life to the server, which are also how it hears of a cancellation, and keeps leases; some may be added meanwhile. */
async function whileBeating<T>(
  { context }: BatchActivityDeps,
  fences: readonly Fence[],
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const activity = Activity.current();
  const lost = new AbortController();
  const { storage, workspaceId, now } = context;
  const renew = async (fence: Fence): Promise<void> => {
    try {
      const ours = await storage.leases.renew(workspaceId, fence, { now: now(), ttlMs: LEASE_MS });
      if (!ours) lost.abort(leaseLost(fence.resource));
    } catch (error) {
      log.warn(`the lease ${fence.resource} could not be renewed now`, { error });
    }
  };
  let beats = 0;
  const timer = setInterval(() => {
    activity.heartbeat();
    if (++beats % BEATS_PER_RENEWAL === 0) for (const fence of fences) void renew(fence);
  }, BEAT_MS);
  // Short portions would never come to a renewal of the batch's lease by the clock.
  for (const fence of fences) void renew(fence);
  try {
    return await task(AbortSignal.any([activity.cancellationSignal, lost.signal]));
  } catch (error) {
    activity.cancellationSignal.throwIfAborted();
    lost.signal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

const leaseLost = (resource: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`the lease ${resource} was taken over`, 'LeaseLost');

/** Trying again mends neither what the user must change nor a broken contract; everything else may pass. */
async function guarded<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!isRiskflowError(error) || (exitCodeOf(error) !== 2 && error.code !== 'internal')) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: true, cause: error });
  }
}
