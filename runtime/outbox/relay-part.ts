import { messageOf, type Sink } from '../../schemas/index.ts';
import { holdLease, LeaseHeld, type HeldLease } from '../leases.ts';
import { retryDelay } from './back-off.ts';
import type { LedgerFeed } from './ledger-feed.ts';
import { withBodies } from './message-bodies.ts';
import { outgoingFor, type Outgoing } from './outgoing-events.ts';
import { PartLost } from './relay-facts.ts';
import { startOf } from './relay-start.ts';
import { relayName, relayResource, type RelayDeps, type RelaySpec } from './relay-types.ts';
import { sendUntilAnswered } from './send-until-answered.ts';

/** A part keeps its lease for so long without anything to send. */
const LINGER_MS = 2_000;
/** How soon a part that another process has is looked at again. */
const STANDBY_MS = 1_000;
/** What is not for a part is passed by in memory; after so many events that is stored, so that a start need not look at all of them again. */
const STORE_EVERY = 10_000;
/** Storage that was away is not looked for less often than this. */
const LONGEST_TROUBLE_MS = 10_000;

export type PartWork = { readonly spec: RelaySpec; readonly part: number; readonly sink: Sink; readonly feed: LedgerFeed };
type Found = { readonly outgoing: readonly Outgoing[]; readonly upTo: number };
export type DeliveredPart = { readonly delivered: number; readonly refused: number; readonly reason: string | null };

/**
 * Tells one part of a sink's messages in the order of the ledger: of all processes the one that holds the lease of the part, which is taken
 * when there is something to tell. The cursor moves after the sink has answered, so that after a crash the same messages are told again.
 */
export class RelayPart {
  readonly #deps: RelayDeps;
  readonly #work: PartWork;
  /** Everything up to this number was sent or is not for this part; undefined while it is not known. */
  #at: number | undefined;
  #stored = 0;
  #delivered = 0;
  #refused = 0;

  constructor(deps: RelayDeps, work: PartWork) {
    this.#deps = deps;
    this.#work = work;
  }

  /** Until the signal aborts. Trouble is told and waited out. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let trouble = '';
    while (!signal.aborted) {
      try {
        if (!(await this.#isDue(signal))) continue;
        if (await this.#withLease(signal, (lease, held) => this.#tellWhileThereIs(lease, held))) trouble = '';
        else await this.#deps.clock.wait(STANDBY_MS, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#at = undefined;
        failures++;
        if (!(error instanceof PartLost) && messageOf(error) !== trouble) {
          trouble = messageOf(error);
          this.#deps.onNews({ kind: 'trouble', message: trouble });
        }
        const pause = retryDelay(failures, { retryAfterMs: 0, random: this.#deps.random() });
        await this.#deps.clock.wait(Math.min(pause, LONGEST_TROUBLE_MS), signal);
      }
    }
  }

  /** Tells what is there now, and tries nothing twice. `reason`: why some is left. */
  async once(head: number, signal: AbortSignal): Promise<DeliveredPart> {
    let reason: string | null = null;
    try {
      if (await this.#hasNothing(head)) return { delivered: 0, refused: 0, reason };
      const lease = await holdLease(this.#deps, this.#resource);
      try {
        await this.#begin(lease);
        while ((this.#at ?? head) < head) await this.#tell(await this.#find(head), lease, { held: signal, retries: false });
        await this.#store(lease);
      } finally {
        await lease.release();
      }
    } catch (error) {
      signal.throwIfAborted();
      reason = messageOf(error);
    }
    return { delivered: this.#delivered, refused: this.#refused, reason };
  }

  get #resource(): string {
    return relayResource(this.#work.spec.sink, this.#work.part);
  }

  /** Whether nothing is due, so that it does not matter who has the lease. */
  async #hasNothing(head: number): Promise<boolean> {
    this.#at = await this.#deps.storage.relays.cursor(this.#deps.workspaceId, this.#place);
    while (this.#at !== undefined && this.#at < head) {
      const found = await this.#find(head);
      if (found.outgoing.length > 0) return false;
      this.#at = found.upTo;
    }
    return this.#at !== undefined;
  }

  /** Whether the lease is needed. Waits for events that this part has not looked at. */
  async #isDue(signal: AbortSignal): Promise<boolean> {
    const { workspaceId, storage } = this.#deps;
    if (this.#at === undefined) {
      this.#at = await storage.relays.cursor(workspaceId, this.#place);
      if (this.#at === undefined) return true;
      this.#stored = this.#at;
    }
    const head = await this.#work.feed.beyond(this.#at, signal);
    if (head === undefined) return false;
    const found = await this.#find(head);
    if (found.outgoing.length > 0) return true;
    this.#at = found.upTo;
    return this.#at - this.#stored >= STORE_EVERY;
  }

  /** False when another process has it, whose cursor is looked at next time. */
  async #withLease(signal: AbortSignal, work: (lease: HeldLease, held: AbortSignal) => Promise<void>): Promise<boolean> {
    let lease: HeldLease;
    try {
      lease = await holdLease(this.#deps, this.#resource);
    } catch (error) {
      if (!(error instanceof LeaseHeld)) throw error;
      this.#at = undefined;
      return false;
    }
    try {
      await this.#begin(lease);
      await work(lease, AbortSignal.any([signal, lease.signal]));
      await this.#store(lease);
    } catch (error) {
      if (!lease.signal.aborted) throw error;
      throw new PartLost('taken_over', `${this.#resource} was taken over by another process`, { cause: error });
    } finally {
      // It lapses by itself when storage is away.
      await lease.release().catch(() => undefined);
    }
    return true;
  }

  async #begin(lease: HeldLease): Promise<void> {
    this.#at = await startOf(this.#deps, this.#work.spec, this.#work.part);
    this.#stored = -1;
    await this.#store(lease);
  }

  async #tellWhileThereIs(lease: HeldLease, held: AbortSignal): Promise<void> {
    while (!held.aborted) {
      const head = await this.#work.feed.beyond(this.#at ?? 0, held, LINGER_MS);
      if (head === undefined) return;
      await this.#tell(await this.#find(head), lease, { held, retries: true });
    }
  }

  /** The next messages for this part, and up to where there are no others. */
  async #find(head: number): Promise<Found> {
    const { spec, part, feed } = this.#work;
    const after = this.#at ?? 0;
    if (after >= head) return { outgoing: [], upTo: after };
    const { events, upTo } = await feed.read(after, head);
    const outgoing: Outgoing[] = [];
    for (const event of events) {
      const told = outgoingFor(event, spec, part);
      if (told === undefined) continue;
      outgoing.push(told);
      if (outgoing.length === spec.batch) return { outgoing, upTo: told.n };
    }
    return { outgoing, upTo };
  }

  async #tell({ outgoing, upTo }: Found, lease: HeldLease, how: { readonly held: AbortSignal; readonly retries: boolean }): Promise<void> {
    if (outgoing.length === 0) {
      this.#at = upTo;
      if (upTo - this.#stored >= STORE_EVERY) await this.#store(lease);
      return;
    }
    const messages = await withBodies(this.#deps, outgoing);
    const { spec, part, sink } = this.#work;
    const refused = await sendUntilAnswered(this.#deps, { spec, part, sink, messages, outgoing, fence: lease.fence, ...how });
    this.#delivered += messages.length - refused;
    this.#refused += refused;
    this.#at = messages.length === outgoing.length ? upTo : (outgoing[messages.length - 1]?.n ?? upTo);
    await this.#store(lease);
  }

  get #place() {
    return { relay: relayName(this.#work.spec), part: this.#work.part, log: 'ledger' } as const;
  }

  async #store(lease: HeldLease): Promise<void> {
    const { workspaceId, storage } = this.#deps;
    const n = this.#at ?? 0;
    if (n === this.#stored) return;
    const ours = await storage.relays.advance(workspaceId, { ...this.#place, n, fence: lease.fence });
    if (!ours) throw new PartLost('taken_over', `${this.#resource} was taken over by another process`);
    this.#stored = n;
  }
}
