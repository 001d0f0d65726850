import { canonicalJson, decodeValue, hashJson, isObject, type DecisionMade, type Json, type RunFinished } from '../../../schemas/index.ts';
import { sha256Bytes, utf8 } from '../../context.ts';
import type { RunEnd } from '../../embedded/run-host.ts';
import type { PendingRecord } from '../duplicate-keys.ts';
import { sourceStream } from '../sources/source-settings.ts';

/** Which decision about a record: a mode, and the how manieth replay of it. */
export type DecisionName = Pick<DecisionMade['data'], 'recordId' | 'mode' | 'replay'>;

const nameParts = ({ recordId, mode, replay }: DecisionName): readonly Json[] => [recordId, mode, replay];

/** The run of a decision has a fixed id, so that after a crash it is found and not begun again. */
export const runIdOf = (name: DecisionName): string => hashJson(['run', ...nameParts(name)]).slice(0, 32);
const decisionIdOf = (name: DecisionName): string => hashJson(['decision', ...nameParts(name)]).slice(0, 32);

/** How a run ended, or why there was none. */
export type Conclusion = Pick<RunFinished['data'], 'status' | 'outputs' | 'error'>;
export type DecidedBy = { readonly name: DecisionName; readonly flow: string; readonly flowVersion: string };

/** Everything that makes a conclusion the record's decision, to be written with the last events of its run. */
export function decisionEnd(record: PendingRecord, { name, flow, flowVersion }: DecidedBy, { status, outputs, error }: Conclusion): RunEnd {
  const { sourceId } = record.origin;
  const bytes = utf8(canonicalJson(outputs));
  const data: DecisionMade['data'] = {
    ...name,
    decisionId: decisionIdOf(name),
    sourceId,
    recordKey: record.key,
    flow,
    flowVersion,
    runId: runIdOf(name),
    status,
    label: labelOf(outputs),
    outputs: sha256Bytes(bytes),
    error,
  };
  const stream = sourceStream(sourceId);
  return {
    claims: [{ scope: 'decision', key: `${name.recordId}/${name.mode}/${name.replay}`, value: data.runId }],
    appends: [{ log: 'ledger', stream, events: [{ type: 'DecisionMade', data }], expected: { any: true } }],
    blobs: [{ sha256: data.outputs, bytes, referrer: stream }],
    inboxDone: [{ sourceId, recordId: record.recordId, outcome: isDecided(status) ? 'decided' : 'failed' }],
  };
}

export const isDecided = (status: Conclusion['status']): boolean => status === 'succeeded' || status === 'partial-succeeded';

/** Longer texts are no labels. */
const LONGEST_LABEL = 200;

/** The output named `label`, or the only one, when it is short text. */
function labelOf(outputs: Json): string | null {
  const values = decodeValue(outputs);
  if (!isObject(values)) return null;
  const value = values.has('label') ? values.get('label') : values.size === 1 ? [...values.values()][0] : null;
  return typeof value === 'string' && value.length <= LONGEST_LABEL ? value : null;
}
