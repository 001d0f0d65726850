import type { Plan } from '../../flow/index.ts';
import type { RunEvent } from '../../schemas/index.ts';
import { visitName, type EventPlace } from './event-place.ts';

/**
 * When two sequences of a run's events are equal up to concurrent order.
 *
 * Causal order: RunStarted comes before everything and RunFinished after; the events of one node keep their order; and when a way of edges
 * leads from node A to node B, then A's NodeFinished comes before the first event of B (a node waits until every way to it is decided).
 * Events that none of this orders are concurrent. Two sequences are equal up to concurrent order when each keeps the causal order, and
 * both are the same after the same sorting of concurrent events: RunStarted, the events of each node in the plan's topological order,
 * what stops or ends the run. Nothing is left out but the times and the run's id, which is replaced; `index` is checked instead:
 * it must count the starts of nodes as they happened.
 */
export type ComparableEvent = { readonly type: RunEvent['type']; readonly data: unknown };

/** @throws Error that names the first pair of events which are in the wrong order. */
export function comparableEvents(plan: Plan, events: readonly RunEvent[]): readonly ComparableEvent[] {
  checkEnds(events);
  checkIndexes(events);
  const sorted = canonicalOrder(plan, events, placeOf);
  const runId = events[0]?.type === 'RunStarted' ? events[0].data.runId : '';
  return sorted.map((event) => ({ type: event.type, data: replaced(timeless(event), runId) }));
}

/**
 * Items in causal order, concurrent ones in the plan's topological order, those of a pass within its iteration or loop. `placeOf` tells
 * whose an item is, null for the run's own; the items of a node are taken to begin and end it.
 * @throws Error when they were not in causal order
 */
export function canonicalOrder<T>(plan: Plan, items: readonly T[], placeOf: (item: T) => EventPlace | null): readonly T[] {
  const order = topologicalOrder(plan);
  const before = ancestors(plan, order);
  const spans = new Map<string, { readonly place: EventPlace; readonly first: number; last: number }>();
  for (const [at, item] of items.entries()) {
    const place = placeOf(item);
    if (place === null) continue;
    if (!before.has(place.nodeId)) throw new Error(`the flow has no node ${place.nodeId}`);
    // What happens within an iteration or loop happens while it is at work.
    for (const [depth, [container]] of place.path.entries()) extend(spans, { nodeId: container, path: place.path.slice(0, depth) }, at);
    extend(spans, place, at);
  }
  for (const { place, first } of spans.values()) {
    const early = [...(before.get(place.nodeId) ?? [])].find(
      (ancestor) => (spans.get(visitName({ nodeId: ancestor, path: place.path }))?.last ?? -1) > first,
    );
    if (early !== undefined) throw new Error(`node ${place.nodeId} began before node ${early}, which leads to it, had finished`);
  }
  const rank = new Map(order.map((id, i) => [id, i]));
  const own = items.map((item, at) => ({ item, at, rank: rankOf(rank, placeOf(item), at) }));
  return own.toSorted((a, b) => compareRanks(a.rank, b.rank) || a.at - b.at).map(({ item }) => item);
}

function extend(
  spans: Map<string, { readonly place: EventPlace; readonly first: number; last: number }>,
  place: EventPlace,
  at: number,
): void {
  const name = visitName(place);
  const span = spans.get(name);
  if (span === undefined) spans.set(name, { place, first: at, last: at });
  else span.last = at;
}

/** The first item of the run itself comes first, its others last. */
function rankOf(rank: ReadonlyMap<string, number>, place: EventPlace | null, at: number): readonly number[] {
  if (place === null) return [at === 0 ? -1 : Infinity];
  const own = rank.get(place.nodeId) ?? 0;
  const within = place.path.flatMap(([container, pass]) => [rank.get(container) ?? 0, pass + 1]);
  if (place.phase === undefined) return [...within, own];
  return [...within, own, place.phase === 'begin' ? 0 : place.phase === 'end' ? Infinity : place.phase + 1];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (one !== other) return one < other ? -1 : 1;
  }
  return a.length === b.length ? 0 : -1;
}

function placeOf({ type, data }: RunEvent): EventPlace | null {
  if (!('nodeId' in data)) return null;
  const { nodeId, path } = data;
  if (type === 'ContainerStarted') return { nodeId, path, phase: 'begin' };
  if (type === 'PassStarted') return { nodeId, path, phase: data.pass };
  // The end of a container comes after all that is in it; for other nodes there is nothing within.
  return type === 'NodeFinished' && data.effectId === null ? { nodeId, path, phase: 'end' } : { nodeId, path };
}

function checkEnds(events: readonly RunEvent[]): void {
  for (const [at, { type }] of events.entries()) {
    if ((type === 'RunStarted') !== (at === 0)) throw new Error(`event ${at + 1} is ${type}: a run starts with its only RunStarted`);
    if (type === 'RunFinished' && at !== events.length - 1) throw new Error(`event ${at + 1} is RunFinished and others follow it`);
  }
  const finished = new Set<string>();
  const began = new Set<string>();
  for (const event of events) {
    if (!('nodeId' in event.data)) continue;
    const id = visitName(event.data);
    if (finished.has(id)) throw new Error(`node ${id} has the event ${event.type} after it had finished`);
    if ((event.type === 'NodeStarted' || event.type === 'ContainerStarted') && began.has(id)) throw new Error(`node ${id} started twice`);
    if (event.type === 'NodeFinished' && event.data.effectId !== null && !began.has(id))
      throw new Error(`node ${id} finished without a start`);
    if (event.type === 'NodeFinished') finished.add(id);
    else began.add(id);
  }
}

function checkIndexes(events: readonly RunEvent[]): void {
  const containers = new Set(events.flatMap((event) => (event.type === 'ContainerStarted' ? [visitName(event.data)] : [])));
  const starts = events.flatMap((event) => {
    const isStart =
      event.type === 'NodeStarted' ||
      event.type === 'ContainerStarted' ||
      (event.type === 'NodeFinished' && event.data.effectId === null && !containers.has(visitName(event.data)));
    return isStart ? [event.data] : [];
  });
  for (const [at, { nodeId, index }] of starts.entries()) {
    if (index !== at + 1) throw new Error(`node ${nodeId} was start number ${at + 1} of the run and has the index ${index}`);
  }
}

const TIMES: ReadonlySet<string> = new Set(['at', 'until', 'startedAt', 'elapsedMs', 'effectMs', 'index']);
const without = (object: object, names: ReadonlySet<string>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name)));

/**
 * What an event says, without its times and index. Values of the flow's own are left alone, whatever their names, but for the time that a
 * model took, which its node tells.
 */
function timeless(event: RunEvent): Readonly<Record<string, unknown>> {
  const data = without(event.data, TIMES);
  if (event.type === 'NodeFinished') return { ...data, outputs: withoutLatency(event.data.outputs) };
  // What an agent notes has the time of its models so far.
  if (event.type === 'NodeContinued') return { ...data, memo: withoutLatency(event.data.memo) };
  if (event.type !== 'RunStarted' || typeof event.data.system !== 'object' || event.data.system === null) return data;
  return { ...data, system: without(event.data.system, new Set(['timestamp'])) };
}

function withoutLatency(outputs: unknown): unknown {
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)) return outputs;
  const entries = Object.entries(outputs).map(([name, value]: [string, unknown]) => {
    const isUsage = (name === 'usage' || name === '__usage') && typeof value === 'object' && value !== null && 'latency' in value;
    return [name, isUsage ? without(value, new Set(['latency'])) : value];
  });
  return Object.fromEntries(entries);
}

/** The same with `<run>` wherever the run's id stood. */
function replaced(value: unknown, runId: string): unknown {
  if (typeof value === 'string') return runId === '' ? value : value.replaceAll(runId, '<run>');
  if (Array.isArray(value)) return value.map((item) => replaced(item, runId));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, runId)]));
}

/** Ids of all nodes, each behind those that lead to it; ties as the plan has them. */
function topologicalOrder({ nodes, edges }: Plan): readonly string[] {
  const open = nodes.map(({ incoming }) => incoming.length);
  const ready = open.flatMap((count, node) => (count === 0 ? [node] : []));
  for (const node of ready) {
    for (const edge of nodes[node]?.outgoing ?? []) {
      const target = edges[edge]?.target ?? -1;
      open[target] = (open[target] ?? 0) - 1;
      if (open[target] === 0) ready.push(target);
    }
  }
  return ready.flatMap((node) => nodes[node]?.id ?? []);
}

/** For each node, those from which a way leads to it. */
function ancestors({ nodes, edges }: Plan, order: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, ReadonlySet<string>>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const id of order) {
    const sources = (byId.get(id)?.incoming ?? []).flatMap((edge) => nodes[edges[edge]?.source ?? -1]?.id ?? []);
    known.set(id, new Set(sources.flatMap((source) => [source, ...(known.get(source) ?? [])])));
  }
  return known;
}
