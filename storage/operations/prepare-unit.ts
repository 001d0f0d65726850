import { hash } from 'node:crypto';
import { type NewBlob, type NewEvent, RiskflowError, type StreamAppend, type WriteUnit } from '../../schemas/core.ts';
import { checkId } from '../ids.ts';
import { encodeJson } from '../json-codec.ts';
import { currentSchemaVersion, type Upcasters } from '../upcasting.ts';

/** JSON of an event's data above this many bytes is kept as a blob, so that tables stay small and deleting a blob erases it. */
export const INLINE_BYTES = 16_384;

export type PreparedEvent = {
  readonly type: string;
  readonly schemaVersion: number;
  readonly json: string;
  readonly blob: PayloadBlob | null;
};
export type PayloadBlob = { readonly sha256: string; readonly bytes: Uint8Array };
export type PreparedAppend = Pick<StreamAppend, 'log' | 'stream' | 'expected'> & { readonly events: readonly PreparedEvent[] };
export type PreparedUnit = {
  readonly unit: WriteUnit;
  readonly appends: readonly PreparedAppend[];
  /** A measure of the work of writing it: rows, more or less. */
  readonly weight: number;
};

/**
 * Checks and encodes a unit before it joins others in a transaction, so that a bad one fails alone.
 * @throws RiskflowError `invalid_input` for names that are no keys, `internal` for a blob that is not what its hash says
 */
export function prepareUnit(unit: WriteUnit, upcasters: Upcasters): PreparedUnit {
  checkNames(unit);
  for (const blob of unit.blobs ?? []) checkBlob(blob);
  const appends = unit.appends.map((append) => ({
    log: append.log,
    stream: append.stream,
    expected: append.expected,
    events: append.events.map((event) => prepareEvent(event, upcasters)),
  }));
  const events = appends.reduce((sum, append) => sum + append.events.length, 0);
  const others = (unit.claims?.length ?? 0) + (unit.blobs?.length ?? 0) + (unit.runStatus?.length ?? 0) + (unit.inboxDone?.length ?? 0);
  return { unit, appends, weight: 1 + events + others };
}

function prepareEvent(event: NewEvent, upcasters: Upcasters): PreparedEvent {
  const json = encodeJson(event.data);
  return {
    type: checkId('the type of an event', event.type, 120),
    schemaVersion: currentSchemaVersion(upcasters, event.type),
    json,
    blob: Buffer.byteLength(json) > INLINE_BYTES ? payloadBlob(json) : null,
  };
}

function payloadBlob(json: string): PayloadBlob {
  const bytes = new TextEncoder().encode(json);
  return { sha256: hash('sha256', bytes, 'hex'), bytes };
}

function checkBlob(blob: NewBlob): void {
  checkId('the referrer of a blob', blob.referrer, 255);
  if (hash('sha256', blob.bytes, 'hex') !== blob.sha256) throw new RiskflowError('internal', `a blob does not hash to ${blob.sha256}`);
}

function checkNames(unit: WriteUnit): void {
  checkId('the workspace', unit.workspaceId, 64);
  checkId('the actor', unit.actor, 190);
  if (unit.correlationId !== undefined) checkId('the correlation id', unit.correlationId, 190);
  if (unit.causationId !== undefined) checkId('the causation id', unit.causationId, 190);
  for (const append of unit.appends) {
    checkId('the log', append.log, 64);
    checkId('the stream', append.stream, 190);
  }
  for (const claim of unit.claims ?? []) {
    checkId('the scope of a claim', claim.scope, 190);
    checkId('the key of a claim', claim.key, 255);
  }
  for (const change of unit.runStatus ?? []) {
    checkId('the run', change.runId, 190);
    checkId('the flow', change.flow, 190);
    checkId('the resource', change.resource, 190);
  }
}
