import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, log } from '@temporalio/activity';
import { exitCodeOf, isRiskflowError, messageOf, type Fence, type FinishedRunStatus, type LeaseOwner } from '../../schemas/index.ts';
import type { PieceArgs, PieceResult, RunCounts, RunFlowArgs } from '../../workflows/index.ts';
import type { WishWatch } from '../commands/batches/batch-control.ts';
import type { BatchRun } from '../commands/batches/batch-work.ts';
import { newId, type Context } from '../context.ts';
import { LEASE_MS } from '../leases.ts';
import { isStorageTrouble, storageAway, untilStorageTakes, whileBeating, type Beat } from './batch-beat.ts';

type PieceDeps = Pick<Context, 'workspaceId' | 'storage' | 'now' | 'owner' | 'isDead'>;

const WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** Tries within one attempt of the activity: of a run that cannot be driven, and of preparing it. */
const TRIES = 3;

export type HeldPiece = {
  readonly lease: PieceLease;
  readonly signal: AbortSignal;
  /** Resolves once storage takes writes. @returns whether it had to be waited for */
  readonly untilStorageTakes: () => Promise<boolean>;
};

/**
 * Holds the lease of a chunk while `task` works on a piece of it. Storage that is away or takes no writes is waited for, for as long as
 * it takes, and `task` begun again: of that no run is to blame.
 */
export function withPiece<T>(deps: PieceDeps, args: PieceArgs, task: (held: HeldPiece) => Promise<T>): Promise<T> {
  return whileBeating(deps, args.fence, async (beat) => {
    const lease = new PieceLease(deps, args, beat);
    const storageTakes = (): Promise<boolean> => untilStorageTakes(deps, { batch: args.fence, signal: beat.signal });
    try {
      for (let tries = 1; ; tries++) {
        try {
          await lease.take();
          return await task({ lease, signal: beat.signal, untilStorageTakes: storageTakes });
        } catch (error) {
          if (error instanceof ApplicationFailure) throw error;
          if (beat.signal.aborted) throw isStorageTrouble(error) ? storageAway() : error;
          // It also tells whose lease was lost: that of the batch, or only that of the chunk.
          const waited = await storageTakes();
          if (isFinal(error)) throw error;
          if (waited || isBusy(error)) tries = 0;
          else if (tries === TRIES) throw error;
          log.warn('storage was in the way; the runs are tried again', { error });
          await pause(tries, beat.signal);
        }
      }
    } finally {
      await lease.release();
    }
  });
}

/** Trying again here changes nothing: it is not storage's, or the lease of the chunk has another owner. */
const isFinal = (error: unknown): boolean =>
  isRiskflowError(error) && (error.code === 'taken_over' || error.code === 'internal' || exitCodeOf(error) === 2);

const isBusy = (error: unknown): boolean => isRiskflowError(error) && error.code === 'busy';

const pause = (tries: number, signal: AbortSignal): Promise<unknown> =>
  delay(Math.min(WAIT_MS * 2 ** tries, LONGEST_WAIT_MS), undefined, { signal }).catch(() => undefined);

/**
 * The lease of the chunk that a piece is of. Each attempt has one of its own, for which it waits: an attempt that Temporal gave up may
 * still be at work, and only one of them can write. Taken again it is a new one, so that what was written late is refused.
 */
class PieceLease {
  readonly #deps: PieceDeps;
  readonly #args: PieceArgs;
  readonly #beat: Beat;
  /** Whom this attempt took it as: each is over when it takes it again. */
  readonly #owners = new Set<string>();
  #held: Fence | undefined;

  constructor(deps: PieceDeps, args: PieceArgs, beat: Beat) {
    this.#deps = deps;
    this.#args = args;
    this.#beat = beat;
  }

  get fence(): Fence {
    if (this.#held === undefined) throw new Error('the lease was not taken');
    return this.#held;
  }

  async take(): Promise<Fence> {
    const { workspaceId, storage, now, isDead, owner: process } = this.#deps;
    const { fence: batch, piece } = this.#args;
    if (this.#held !== undefined) this.#beat.fences.delete(this.#held);
    const earlier = new Set(this.#owners);
    const isOver = (other: LeaseOwner): boolean => earlier.has(other.owner) || isDead(other);
    const owner: LeaseOwner = { ...process, owner: newId() };
    this.#owners.add(owner.owner);
    for (;;) {
      this.#beat.signal.throwIfAborted();
      const taken = await storage.leases.take(workspaceId, `${batch.resource}/${piece.home}`, owner, {
        now: now(),
        ttlMs: LEASE_MS,
        isDead: isOver,
      });
      if (taken.status === 'taken') {
        this.#held = taken.fence;
        this.#beat.fences.add(taken.fence);
        return taken.fence;
      }
      await delay(WAIT_MS, undefined, { signal: this.#beat.signal });
    }
  }

  /** It lapses by itself when storage is away. */
  async release(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#beat.fences.delete(held);
    await this.#deps.storage.leases.release(this.#deps.workspaceId, held).catch(() => undefined);
  }
}

type PieceWork = { readonly args: PieceArgs; readonly watch: WishWatch; readonly runs: readonly BatchRun[] };

/**
 * Drives all runs of a piece at once. A run that cannot be driven holds up no other: it is tried again, and then told.
 * @throws what storage said when that ended the tries
 */
export async function performPiece(held: HeldPiece, { args, watch, runs }: PieceWork): Promise<PieceResult> {
  const lost = new AbortController();
  const signal = AbortSignal.any([held.signal, watch.paused, lost.signal]);
  const tally = new Tally();
  const left = new Set(runs);
  const errors = new Map<BatchRun, unknown>();
  const drive = async (run: BatchRun, fresh: boolean): Promise<void> => {
    if (watch.cancelled.aborted) return;
    try {
      const { fence } = held.lease;
      tally.add(run, await run.drive({ fence, within: args.fence, fresh, signal, cancelled: watch.cancelled }));
      left.delete(run);
    } catch (error) {
      if (isRiskflowError(error) && error.code === 'taken_over') lost.abort(error);
      else if (!signal.aborted || isStorageTrouble(error)) errors.set(run, error);
    }
  };
  const partly = (status: 'cancelled' | 'left'): PieceResult => ({
    status,
    counts: tally.counts(),
    troubled: [],
    handedOver: tally.handedOver(),
  });
  for (let tries = 1; tries <= TRIES; tries++) {
    errors.clear();
    // Who takes both leases for the first time finds nothing that was begun under them.
    const fresh = held.lease.fence.fence === 1 && args.fence.fence === 1;
    await Promise.all(Array.from(left, (run) => drive(run, fresh)));
    const trouble = [...errors.values()].find(isStorageTrouble);
    if (held.signal.aborted) throw trouble ?? held.signal.reason;
    lost.signal.throwIfAborted();
    if (watch.cancelled.aborted) return partly('cancelled');
    if (signal.aborted) return partly('left');
    if (left.size === 0) break;
    if (trouble !== undefined) log.warn('storage was in the way of runs; they are tried again', { error: trouble });
    // Of storage that is away or busy nobody is to blame: it is waited for, and does not count.
    if ((await held.untilStorageTakes()) || trouble !== undefined) tries--;
    await pause(tries, signal);
    // What the tries before still write comes too late.
    if (tries < TRIES) await held.lease.take();
  }
  const troubled = Array.from(left, (run) => ({
    place: run.place,
    error: errors.has(run) ? messageOf(errors.get(run)) : 'it did not end',
  }));
  return {
    status: 'done',
    counts: tally.counts(new Set(troubled.map(({ place }) => place))),
    troubled,
    handedOver: tally.handedOver(),
  };
}

/** How the runs of a piece ended. */
export class Tally {
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
