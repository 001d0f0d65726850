import { RiskflowError, type WriteResult } from '../../schemas/core.ts';
import { type BatchState, fencesOf, keyOf, type StreamState } from './batch-state.ts';
import type { PreparedAppend, PreparedEvent, PreparedUnit } from './prepare-unit.ts';

/** Events that follow each other in a stream, and how many of the append were there before. */
export type PlannedAppend = {
  readonly append: PreparedAppend;
  /** Version of the first event of the append, written or not. */
  readonly from: number;
  readonly skipped: number;
  readonly events: readonly PreparedEvent[];
};

export type Checked =
  | { readonly accepted: true; readonly appends: readonly PlannedAppend[] }
  | { readonly accepted: false; readonly result: Exclude<WriteResult, { readonly status: 'written' }> };

/**
 * Decides about one unit: fence, then claims, then streams. When it passes, `state` is as if it were written; else untouched.
 * @throws RiskflowError `internal` when it appends to a stream of another log
 */
export function checkUnit(prepared: PreparedUnit, state: BatchState): Checked {
  const refusal = checkFence(prepared, state) ?? checkClaims(prepared, state);
  if (refusal !== undefined) return { accepted: false, result: refusal };
  const workspace = prepared.unit.workspaceId;
  // Of this unit alone, until it is known to pass.
  const streams = new Map<string, StreamState>();
  const planned: PlannedAppend[] = [];
  for (const append of prepared.appends) {
    const key = keyOf(workspace, append.stream);
    const stream = streams.get(key) ?? state.streams.get(key) ?? { log: append.log, version: 0 };
    if (stream.log !== append.log)
      throw new RiskflowError('internal', `the stream ${append.stream} is in the log ${stream.log}, not ${append.log}`);
    const plan = planAppend(append, stream.version);
    if (plan === undefined) return { accepted: false, result: { status: 'conflict', stream: append.stream, version: stream.version } };
    streams.set(key, { log: append.log, version: stream.version + plan.events.length });
    planned.push(plan);
  }
  for (const [key, stream] of streams) state.streams.set(key, stream);
  for (const { scope, key, value } of prepared.unit.claims ?? []) state.claims.set(keyOf(workspace, scope, key), value);
  return { accepted: true, appends: planned };
}

function planAppend(append: PreparedAppend, version: number): PlannedAppend | undefined {
  const { expected, events } = append;
  if ('any' in expected) return { append, from: version + 1, skipped: 0, events };
  if ('version' in expected) return expected.version === version ? { append, from: version + 1, skipped: 0, events } : undefined;
  // A gap between what is there and the first new event would be a lost event.
  if (expected.from > version + 1 || expected.from < 1) return undefined;
  const skipped = Math.min(events.length, version + 1 - expected.from);
  return { append, from: expected.from, skipped, events: events.slice(skipped) };
}

type Refusal = Exclude<WriteResult, { readonly status: 'written' }>;

function checkFence({ unit }: PreparedUnit, state: BatchState): Refusal | undefined {
  const stale = fencesOf(unit).find((fence) => {
    const lease = state.leases.get(keyOf(unit.workspaceId, fence.resource));
    return lease?.owner !== fence.owner || lease.fence !== fence.fence;
  });
  return stale === undefined ? undefined : { status: 'stale-fence', resource: stale.resource };
}

function checkClaims({ unit }: PreparedUnit, state: BatchState): Refusal | undefined {
  const own = new Map<string, string>();
  for (const { scope, key, value } of unit.claims ?? []) {
    const name = keyOf(unit.workspaceId, scope, key);
    const taken = state.claims.get(name) ?? (own.get(name) === value ? undefined : own.get(name));
    if (taken !== undefined) return { status: 'claimed', scope, key, value: taken };
    own.set(name, value);
  }
  return undefined;
}
