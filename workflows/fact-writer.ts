import type { Plan } from '../flow/core.ts';
import type { Fence, RunEvent, RunStatus } from '../schemas/core.ts';
import type { EffectToPerform, FactsToAppend, LostHold, RunActivities, RunFlowArgs } from './run-activities.ts';

export type FactWriterOptions = {
  readonly args: RunFlowArgs;
  readonly plan: Plan;
  readonly fence: Fence;
  /** Events the stream has already. */
  readonly written: number;
  readonly append: RunActivities['appendFacts'];
  readonly onStop: (reason: string) => void;
  readonly onError: (error: unknown) => void;
};

/** The run goes on elsewhere: whatever this workflow would still write is refused. */
export class LostRun extends Error {}

/**
 * The stream has other events than this workflow would write. They were written for it before, by a task that was lost before the
 * server heard of it, and what came since led another way when it was tried again. What is written holds.
 */
export class OtherFacts extends Error {}

/** Well within what a lease lasts (10 s). A stop is signalled; here it is only looked for in case the signal never came. */
const RENEW_MS = 3_000;
/** So many facts are not carried any further. */
const MANY = 40;
/** Of JSON text that each quick effect carries along, written or not. */
const MAX_CARRIED = 4_000;
/** Of JSON text in one append; a character takes at most 3 bytes, a payload at most 2 MiB. */
const MAX_CHARACTERS = 400_000;

/**
 * Writes a run's facts in order, numbered from where its stream ended. Facts that come while a write is under way share the next
 * one, so that a run of many quick nodes needs few activities; which events go together changes nothing in the stream.
 *
 * Facts may also ride with the effect that they led to, which saves an activity. Until that has landed they count as not written, and
 * any other write carries them too: writing an event twice does nothing.
 */
export class FactWriter {
  readonly #options: FactWriterOptions;
  /** Not known to be written. */
  readonly #facts: RunEvent[] = [];
  #written: number;
  #draining = false;
  #closing = false;
  #failure: { readonly error: unknown } | undefined;
  #last: Promise<void> = Promise.resolve();
  #renewedAt = Date.now();

  constructor(options: FactWriterOptions) {
    this.#options = options;
    this.#written = options.written;
  }

  buffer(events: readonly RunEvent[]): void {
    this.#facts.push(...events);
  }

  /** Starts writing what is buffered, and goes on. Trouble goes to `onError`, and shows again at the end. */
  flushSoon(): void {
    if (this.#draining || this.#failure !== undefined) return;
    this.#draining = true;
    this.#last = this.#drain();
  }

  /**
   * What an effect that begins now can write on its way; null when there is nothing, too much, or a write under way. `later` with a quick
   * one: its facts go with those that follow, which come soon.
   */
  ride({ quick }: { readonly quick: boolean }): EffectToPerform['facts'] | 'later' {
    if (this.#draining || this.#facts.length === 0) return null;
    // Now and then, so that one write carries those of several quick effects: a run of a second may well have a single one.
    const due = this.#facts.length >= MANY || this.#isTimeToRenew();
    if (quick && !due && this.#written > 0) return 'later';
    if (quick && !due) {
      // That it runs is to be seen as soon as one of them takes its time.
      const first = this.#facts.slice(0, 1);
      return { ...this.#toAppend(first, 'running'), due: JSON.stringify(first).length > MAX_CARRIED };
    }
    if (fitting(this.#facts) < this.#facts.length) return null;
    return { ...this.#toAppend(this.#facts.slice(), 'running'), due };
  }

  /** The effect that these facts rode with was performed, and they were written before. */
  landed({ from, events }: Pick<FactsToAppend, 'from' | 'events'>): void {
    const count = from + events.length - 1 - this.#written;
    if (count <= 0) return;
    this.#facts.splice(0, count);
    this.#written += count;
  }

  /** Writes what is left, as the last. @throws LostRun when the lease is somebody else's, OtherFacts */
  async flush(status: RunStatus): Promise<void> {
    this.#closing = true;
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
    while (this.#facts.length > 0) await this.#writeSome(status);
    this.#closing = false;
  }

  /** Waits for the write under way, after which there is none. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#last;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#facts.length > 0 && !this.#closing) await this.#writeSome('running');
    } catch (error) {
      // What was to be written is not: nothing may follow it.
      this.#failure = { error };
      this.#options.onError(error);
    } finally {
      this.#draining = false;
    }
  }

  /** Writes as much as fits into one payload; `status` is the run's once nothing is left. */
  async #writeSome(status: RunStatus): Promise<void> {
    const count = fitting(this.#facts);
    const facts = this.#toAppend(this.#facts.slice(0, count), count === this.#facts.length ? status : 'running');
    const result = await this.#options.append(facts);
    if (result.status !== 'written') throw lossOf(result, facts.fence);
    this.landed(facts);
    if (result.stop !== null) this.#options.onStop(result.stop);
  }

  #isTimeToRenew(): boolean {
    return Date.now() - this.#renewedAt >= RENEW_MS;
  }

  #toAppend(events: readonly RunEvent[], status: RunStatus): FactsToAppend {
    const { args, plan, fence } = this.#options;
    const { workspaceId, runId, actor, started } = args;
    const { mode } = started.data;
    // Once the run is over nobody wants its lease: it may lapse.
    const renew = status === 'running' && this.#isTimeToRenew();
    if (renew) this.#renewedAt = Date.now();
    const { flow, flowVersion } = plan;
    return { workspaceId, runId, fence, actor, flow, flowVersion, mode, from: this.#written + 1, events, status, renew };
  }
}

/** What ends a workflow that may not write. */
export const lossOf = ({ status }: LostHold, { resource }: Fence): LostRun | OtherFacts =>
  status === 'taken-over' ? new LostRun(`the lease ${resource} was taken over`) : new OtherFacts(`${resource} has other events already`);

/** How many of the first events fit into one payload: one at least, or nobody would ever come further. */
export function fitting(events: readonly RunEvent[], maxCharacters = MAX_CHARACTERS): number {
  let room = maxCharacters;
  const beyond = events.findIndex((event) => (room -= JSON.stringify(event).length) < 0);
  return beyond === -1 ? events.length : Math.max(beyond, 1);
}
