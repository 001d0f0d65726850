import { createHash } from 'node:crypto';
import type { Json, JsonObject, OutgoingMessage, StoredEvent } from '../../schemas/index.ts';
import type { RelaySpec } from './relay-types.ts';

/** What of the ledger is told outside. */
export const OUTGOING_TYPES: readonly string[] = ['DecisionMade', 'AlertRaised', 'AlertCleared'];

/** An event that is told, and all of its message but the body. */
export type Outgoing = Omit<OutgoingMessage, 'body'> & {
  readonly n: number;
  readonly sourceId: string | null;
  readonly eventType: string;
  readonly data: JsonObject;
};

/** Who decided and is to be acted upon. Decisions of the first release do not say, and were all of them live. */
const TOLD_STAGES: ReadonlySet<Json> = new Set<Json>([null, 'live', 'canary', 'fallback']);

/** Undefined for what is not told: shadows, backtests, and what was erased. */
export function outgoingOf(event: StoredEvent): Outgoing | undefined {
  const { type, data, eventId, recordedAt, position } = event;
  if (!isJsonObject(data)) return undefined;
  const common = { n: position.n, sourceId: textIn(data, 'sourceId'), eventType: type, data };
  if (type === 'DecisionMade') {
    if (data['mode'] !== 'live' || !TOLD_STAGES.has(data['stage'] ?? null)) return undefined;
    const key = textIn(data, 'subject') ?? textIn(data, 'recordKey') ?? textIn(data, 'recordId');
    return { ...common, id: textIn(data, 'decisionId') ?? eventId, type: 'decision', key, at: numberIn(data, 'decidedAt') ?? recordedAt };
  }
  const key = textIn(data, 'alertId') ?? eventId;
  // An alert is told twice, raised and cleared: its own id is its key.
  return { ...common, id: eventId, type: 'alert', key, at: recordedAt };
}

/** An event as it is told by one part of a sink; undefined for what is not for it. */
export function outgoingFor(event: StoredEvent, spec: Pick<RelaySpec, 'events' | 'sources' | 'parts'>, part: number): Outgoing | undefined {
  const told = outgoingOf(event);
  if (told === undefined || !spec.events.includes(told.type)) return undefined;
  if (spec.sources !== null && !spec.sources.has(told.sourceId ?? '')) return undefined;
  return partOf(told.key, spec.parts) === part ? told : undefined;
}

/** The part of so many that a key belongs to. */
export const partOf = (key: string | null, parts: number): number =>
  parts === 1 || key === null ? 0 : createHash('sha256').update(key).digest().readUInt32BE() % parts;

export const isJsonObject = (data: unknown): data is JsonObject => typeof data === 'object' && data !== null && !Array.isArray(data);

export function textIn(data: JsonObject, name: string): string | null {
  const value = data[name];
  return typeof value === 'string' ? value : null;
}

export function numberIn(data: JsonObject, name: string): number | null {
  const value = data[name];
  return typeof value === 'number' ? value : null;
}
