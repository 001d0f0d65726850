import type { DeliveryEvent, SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { machineClock } from '../schedules/scheduler.ts';
import { LedgerFeed } from './ledger-feed.ts';
import { delayedStream } from './relay-facts.ts';
import { outgoingFor } from './outgoing-events.ts';
import { relayName, relayResource, relaySpec, type RelaySpec } from './relay-types.ts';

/** How one part of a sink stands. Times are milliseconds since 1970 UTC. */
export type PartStatus = {
  readonly part: number;
  /** Everything up to this number of the ledger was sent or is not for this part; null when it never began. */
  readonly sentUpTo: number | null;
  /** Messages that wait, counted up to the first thousand or so. */
  readonly due: number;
  readonly dueIsMore: boolean;
  /** Since when the oldest of them waits. */
  readonly waitsSince: number | null;
  /** Who tells it now. */
  readonly heldBy: { readonly pid: number; readonly host: string } | null;
  /** What last could not be delivered for a while, and whether that is so still. */
  readonly lastError: { readonly messageId: string; readonly error: string; readonly at: number; readonly stillSo: boolean } | null;
};

export type SinkStatus = {
  readonly sink: string;
  readonly kind: SinkSettings['kind'];
  /** Messages that were passed over and not delivered since. */
  readonly refused: number;
  readonly lastRefused: { readonly messageId: string; readonly reason: string; readonly gaveUp: boolean; readonly at: number } | null;
  readonly parts: readonly PartStatus[];
};

export type OutboxStatus = { /** The number of the last event. */ readonly head: number; readonly sinks: readonly SinkStatus[] };

type StatusDeps = { readonly context: Context; readonly feed: LedgerFeed; readonly head: number };

/** How far every sink of the configuration is. */
export async function outboxStatus(context: Context): Promise<OutboxStatus> {
  const feed = new LedgerFeed({ ...context, clock: machineClock, onNews: () => undefined });
  const head = await feed.look();
  const sinks: SinkStatus[] = [];
  await context.storage.projections.catchUp(context.workspaceId);
  for (const [name, settings] of Object.entries(context.settings.config.sinks ?? {})) {
    sinks.push(await sinkStatus({ context, feed, head }, settings, relaySpec(name, settings)));
  }
  return { head, sinks };
}

async function sinkStatus(deps: StatusDeps, { kind }: SinkSettings, spec: RelaySpec): Promise<SinkStatus> {
  const { workspaceId, storage } = deps.context;
  const [last] = await storage.read.deadDeliveries(workspaceId, { sink: spec.sink, newestFirst: true, limit: 1 });
  const parts: PartStatus[] = [];
  for (let part = 0; part < spec.parts; part++) parts.push(await partStatus(deps, spec, part));
  return {
    sink: spec.sink,
    kind,
    refused: last === undefined ? 0 : await storage.read.deadDeliveryCount(workspaceId, spec.sink),
    lastRefused: last === undefined ? null : { messageId: last.messageId, reason: last.reason, gaveUp: last.gaveUp, at: last.at },
    parts,
  };
}

type DataOf<T extends DeliveryEvent['type']> = Extract<DeliveryEvent, { readonly type: T }>['data'];

async function partStatus({ context, feed, head }: StatusDeps, spec: RelaySpec, part: number): Promise<PartStatus> {
  const { workspaceId, storage, now, isDead } = context;
  const n = await storage.relays.cursor(workspaceId, { relay: relayName(spec), part, log: 'ledger' });
  const lease = await storage.leases.read(workspaceId, relayResource(spec.sink, part));
  const isHeld = lease !== undefined && lease.until > now() && !isDead(lease);
  const delayed = await storage.events.lastOf(workspaceId, delayedStream(spec.sink, part));
  const { messageId = '', error = '', at = 0, n: of = 0 } = (delayed?.data ?? {}) as Partial<DataOf<'DeliveryDelayed'>>;
  // One that begins now sends nothing of what is there.
  const from = n ?? (spec.from === 'now' ? head : 0);
  return {
    part,
    sentUpTo: n ?? null,
    ...(await dueOf({ feed, head }, { spec, part, from })),
    heldBy: isHeld ? { pid: lease.pid, host: lease.host } : null,
    lastError: delayed === undefined ? null : { messageId, error, at, stillSo: of > (n ?? 0) },
  };
}

const MOST_COUNTED = 1_000;

async function dueOf(
  { feed, head }: Pick<StatusDeps, 'feed' | 'head'>,
  { spec, part, from }: { readonly spec: RelaySpec; readonly part: number; readonly from: number },
): Promise<Pick<PartStatus, 'due' | 'dueIsMore' | 'waitsSince'>> {
  let due = 0;
  let waitsSince: number | null = null;
  for (let after = from; after < head && due < MOST_COUNTED;) {
    const { events, upTo } = await feed.read(after, head);
    const own = events.filter((event) => outgoingFor(event, spec, part) !== undefined);
    due += own.length;
    waitsSince ??= own[0]?.recordedAt ?? null;
    after = upTo;
    if (after < head && due >= MOST_COUNTED) return { due, dueIsMore: true, waitsSince };
  }
  return { due, dueIsMore: false, waitsSince };
}
