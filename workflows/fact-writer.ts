import type { Plan } from '../flow/core.ts';
import type { Fence, RunEvent, RunStatus } from '../schemas/core.ts';
import type { RunActivities, RunFlowArgs } from './run-activities.ts';

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

const RENEW_MS = 3_000;
/** Of JSON text in one append; a character takes at most 3 bytes, a payload at most 2 MiB. */
const MAX_CHARACTERS = 400_000;

/**
 * Writes a run's facts in order, numbered from where its stream ended. Facts that come while a write is under way share the next
 * one, so that a run of many quick nodes needs few activities; which events go together changes nothing in the stream.
 */
export class FactWriter {
  readonly #options: FactWriterOptions;
  #buffer: RunEvent[] = [];
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
    this.#buffer.push(...events);
  }

  /** Starts writing what is buffered, and goes on. Trouble goes to `onError`, and shows again at the end. */
  flushSoon(): void {
    if (this.#draining || this.#failure !== undefined) return;
    this.#draining = true;
    this.#last = this.#drain();
  }

  /** Writes what is left, as the last. @throws LostRun when the lease is somebody else's. */
  async flush(status: RunStatus): Promise<void> {
    this.#closing = true;
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#writeAll(status);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#buffer.length > 0 && !this.#closing) await this.#writeAll('running');
    } catch (error) {
      // What was taken from the buffer is not written: nothing may follow it.
      this.#failure = { error };
      this.#options.onError(error);
    } finally {
      this.#draining = false;
    }
  }

  async #writeAll(status: RunStatus): Promise<void> {
    const events = this.#buffer;
    this.#buffer = [];
    const parts = partsOf(events);
    for (const [i, part] of parts.entries()) await this.#write(part, i === parts.length - 1 ? status : 'running');
  }

  async #write(events: readonly RunEvent[], status: RunStatus): Promise<void> {
    const { args, plan, fence, append, onStop } = this.#options;
    const { workspaceId, runId, actor, started } = args;
    const { mode } = started.data;
    // Once the run is over nobody wants its lease: it may lapse.
    const renew = status === 'running' && Date.now() - this.#renewedAt >= RENEW_MS;
    if (renew) this.#renewedAt = Date.now();
    const { flow, flowVersion } = plan;
    const result = await append({
      workspaceId,
      runId,
      fence,
      actor,
      flow,
      flowVersion,
      mode,
      from: this.#written + 1,
      events,
      status,
      renew,
    });
    if (result.status === 'taken-over') throw new LostRun(`the lease ${fence.resource} was taken over`);
    this.#written += events.length;
    if (result.stop !== null) onStop(result.stop);
  }
}

/** Events in order, in parts of which each fits into a payload. An event larger than that stands alone. */
export function partsOf(events: readonly RunEvent[], maxCharacters = MAX_CHARACTERS): readonly (readonly RunEvent[])[] {
  const parts: RunEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    const part = parts.at(-1);
    if (part === undefined || size > room) {
      parts.push([event]);
      room = maxCharacters - size;
    } else {
      part.push(event);
      room -= size;
    }
  }
  return parts;
}
