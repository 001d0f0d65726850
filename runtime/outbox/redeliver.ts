import { messageOf, type DeadDeliveryRow, type RefusedMessage, type Sink, type SinkSettings } from '../../schemas/index.ts';
import { inWindow } from '../commands/in-window.ts';
import type { Context } from '../context.ts';
import { holdLease, LeaseHeld, type HeldLease } from '../leases.ts';
import { withBodies } from './message-bodies.ts';
import { OUTGOING_TYPES, outgoingOf, type Outgoing } from './outgoing-events.ts';
import { recordRedelivered } from './relay-facts.ts';
import { relaySpec, type OpenSink, type RelaySpec } from './relay-types.ts';

export type RedeliverOptions = {
  readonly openSink: OpenSink;
  readonly signal: AbortSignal;
  /** Only this message. */
  readonly messageId?: string;
};

/** What became of the messages that a sink had not taken. */
export type RedeliveredSink = {
  readonly sink: string;
  readonly delivered: number;
  /** Not taken this time either, and why. */
  readonly refused: readonly RefusedMessage[];
  /** Messages of which nothing is left that could be told, since it was erased. */
  readonly erased: number;
  /** What is dead still, those that were refused again and those that were not tried among them. */
  readonly dead: number;
  /** Why not all were tried; null when they were. */
  readonly reason: string | null;
};

const PAGE = 250;

/**
 * Tries every message again that a sink refused or that was given up, once, with its identity and the fields it had: those of one key in their
 * order, and behind what has been told of it since. Ends at the first that fails. @throws LeaseHeld while another process does so
 */
export async function redeliverTo(
  context: Context,
  { name, settings }: { readonly name: string; readonly settings: SinkSettings },
  { openSink, signal, messageId }: RedeliverOptions,
): Promise<RedeliveredSink> {
  const { storage, workspaceId } = context;
  const spec = relaySpec(name, settings);
  const sink = await openSink(name, settings);
  const counts = { delivered: 0, erased: 0, refused: [] as RefusedMessage[] };
  let reason: string | null = null;
  let lease: HeldLease | undefined;
  try {
    lease = await holdLease(context, `relay/${name}/redeliver`);
    await storage.projections.catchUp(workspaceId);
    for await (const page of deadPages(context, name, messageId)) {
      const due = await outgoingEvents(context, page);
      counts.erased += page.length - due.length;
      await sendAgain(context, { spec, sink, lease, counts, signal: AbortSignal.any([signal, lease.signal]) }, due);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LeaseHeld) throw error;
    reason = messageOf(error);
  } finally {
    await sink.close();
    await lease?.release();
  }
  await storage.projections.catchUp(workspaceId);
  return { sink: name, ...counts, dead: await storage.read.deadDeliveryCount(workspaceId, name), reason };
}

async function* deadPages(
  { storage, workspaceId }: Context,
  sink: string,
  messageId: string | undefined,
): AsyncGenerator<readonly DeadDeliveryRow[], void> {
  let after = 0;
  for (;;) {
    const page = await storage.read.deadDeliveries(workspaceId, { sink, after, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield messageId === undefined ? page : page.filter((row) => row.messageId === messageId);
    after = last.n;
  }
}

type Due = Outgoing & { readonly part: number };

/** What the messages tell; without those whose facts were erased. */
async function outgoingEvents({ storage, workspaceId }: Context, rows: readonly DeadDeliveryRow[]): Promise<readonly Due[]> {
  const found = await Promise.all(
    rows.map(async ({ n, part }): Promise<readonly Due[]> => {
      const [event] = await storage.events.readTypes(workspaceId, 'ledger', { types: OUTGOING_TYPES, after: n - 1, upTo: n });
      const told = event === undefined ? undefined : outgoingOf(event);
      return told === undefined ? [] : [{ ...told, part }];
    }),
  );
  return found.flat();
}

type Sending = {
  readonly spec: RelaySpec;
  readonly sink: Sink;
  readonly lease: HeldLease;
  readonly counts: { delivered: number; erased: number; refused: RefusedMessage[] };
  readonly signal: AbortSignal;
};

/** Messages of one key one after another, several keys at a time, as a relay does; a sink that takes batches gets all in their order. */
async function sendAgain(context: Context, sending: Sending, due: readonly Due[]): Promise<void> {
  const { spec, signal } = sending;
  const rows = spec.batch > 1 ? [due] : [...Map.groupBy(due, ({ key, n }) => key ?? n).values()];
  await inWindow(iterate(rows), { size: spec.parts, signal }, (row, either) => sendRow(context, { ...sending, signal: either }, row));
}

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

async function sendRow(context: Context, { spec, sink, lease, counts, signal }: Sending, row: readonly Due[]): Promise<void> {
  for (let at = 0; at < row.length;) {
    const messages = await withBodies(context, row.slice(at, at + spec.batch));
    const sent = row.slice(at, at + messages.length);
    const refused = await sink.send(messages, signal);
    counts.refused.push(...refused);
    for (const { id, n, part } of sent) {
      if (refused.some((each) => each.id === id)) continue;
      await recordRedelivered(context, { sink: spec.sink, part, messageId: id, n, at: context.now() }, lease.fence);
      counts.delivered++;
    }
    at += messages.length;
  }
}
