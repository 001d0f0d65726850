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
};

type Waiting<J, R> = {
  readonly job: J;
  readonly weight: number;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Collects jobs that come at about the same time and commits them together: one wait for the disk instead of many. A lone
 * writer never waits; with many writers the queue grows while a commit runs. (Waiting longer for more of them makes fewer commits and
 * spends less processor time, but whoever waits for an answer to be stored holds a place among the calls in flight: it cost more than it
 * gave.)
 */
export class GroupCommit<J, R> {
  readonly #options: GroupCommitOptions<J, R>;
  #queue: Waiting<J, R>[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions<J, R>) {
    this.#options = options;
  }

  add(job: J, weight: number): Promise<R> {
    if (this.#closed) return Promise.reject(new RiskflowError('internal', 'the storage was closed before this write'));
    return new Promise<R>((resolve, reject) => {
      this.#queue.push({ job, weight, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Writes what is waiting, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever writes in this turn of the event loop is in.
    await nextTurn();
    while (this.#queue.length > 0) {
      await this.#commit(this.#take());
      // Those who were waiting for this commit write again now, and what else is due gets its turn.
      await nextTurn();
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
}
