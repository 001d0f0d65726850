import { setImmediate as nextTurn } from 'node:timers/promises';
import { RiskflowError } from '../schemas/core.ts';

export type Outcome<R> = { readonly ok: true; readonly result: R } | { readonly ok: false; readonly error: unknown };

export type GroupCommitOptions<J, R> = {
  /** Writes the jobs in one transaction, in their order; durable when it resolves. */
  readonly commit: (jobs: readonly J[]) => Promise<readonly Outcome<R>[]>;
  /** Whether jobs may succeed one by one where all of them together failed with this error. */
  readonly worthAlone: (error: unknown) => boolean;
  /** A slice ends when its jobs weigh this much. */
  readonly sliceWeight: number;
  /**
   * How long to leave the event loop alone after a commit of several jobs, as a multiple of the time that commit took.
   * 0 where commits do not block.
   */
  readonly rest: number;
};

type Waiting<J, R> = {
  readonly job: J;
  readonly weight: number;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
};

const MAX_REST_MS = 10;

/**
 * Collects jobs that come at about the same time and commits them together: one wait for the disk instead of many. A lone
 * writer never waits; with many writers the queue grows while a commit runs and for a short rest after it, in which the
 * event loop does other work.
 */
export class GroupCommit<J, R> {
  readonly #options: GroupCommitOptions<J, R>;
  #queue: Waiting<J, R>[] = [];
  #weight = 0;
  #running: Promise<void> | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: GroupCommitOptions<J, R>) {
    this.#options = options;
  }

  add(job: J, weight: number): Promise<R> {
    if (this.#closed) return Promise.reject(new RiskflowError('internal', 'the storage was closed before this write'));
    return new Promise<R>((resolve, reject) => {
      this.#queue.push({ job, weight, resolve, reject });
      this.#weight += weight;
      this.#running ??= this.#run();
      if (this.#weight >= this.#options.sliceWeight) this.#wake?.();
    });
  }

  /** Writes what is waiting, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever writes in this turn of the event loop is in.
    await nextTurn();
    while (this.#queue.length > 0) {
      const slice = this.#take();
      const began = performance.now();
      await this.#commit(slice);
      const spent = performance.now() - began;
      // Those who were waiting for this commit write again now.
      await nextTurn();
      if (slice.length > 1) await this.#rest(spent * this.#options.rest);
    }
    this.#running = undefined;
  }

  #take(): readonly Waiting<J, R>[] {
    let size = 0;
    let weight = 0;
    for (const waiting of this.#queue) {
      if (size > 0 && weight + waiting.weight > this.#options.sliceWeight) break;
      weight += waiting.weight;
      size++;
    }
    const slice = this.#queue.slice(0, size);
    this.#queue = this.#queue.slice(size);
    this.#weight -= weight;
    return slice;
  }

  async #commit(slice: readonly Waiting<J, R>[]): Promise<void> {
    let outcomes: readonly Outcome<R>[];
    try {
      outcomes = await this.#options.commit(slice.map(({ job }) => job));
    } catch (error) {
      if (slice.length > 1 && this.#options.worthAlone(error)) {
        for (const waiting of slice) await this.#commit([waiting]);
      } else {
        for (const { reject } of slice) reject(error);
      }
      return;
    }
    for (const [i, { resolve, reject }] of slice.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined) reject(new RiskflowError('internal', 'a commit gave no outcome for one of its jobs'));
      else if (outcome.ok) resolve(outcome.result);
      else reject(outcome.error);
    }
  }

  /** Ends early when a full slice is waiting, or nothing more will come. */
  async #rest(ms: number): Promise<void> {
    if (ms < 1 || this.#closed || this.#weight >= this.#options.sliceWeight) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, MAX_REST_MS));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
