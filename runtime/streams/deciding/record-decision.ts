import {
  canonicalJson,
  decisionClaim,
  decodeValue,
  hashJson,
  isNumeric,
  isObject,
  toDouble,
  type ArrivedRecord,
  type DecisionBeside,
  type DecisionMade,
  type Json,
  type ObjectValue,
  type RunFinished,
  type SourceSettings,
  type Value,
} from '../../../schemas/index.ts';
import { sha256Bytes, utf8 } from '../../context.ts';
import type { RunEnd } from '../../embedded/run-host.ts';
import type { RunFindings } from './collect-run.ts';

type Decision = DecisionMade['data'];

/** Which decision about a record: a mode, and the how manieth replay of it. */
export type DecisionName = Pick<Decision, 'recordId' | 'mode' | 'replay'>;

const nameParts = ({ recordId, mode, replay }: DecisionName): readonly Json[] => [recordId, mode, replay];

/** The run of a decision has a fixed id, so that after a crash it is found and not begun again. */
export const runIdOf = (name: DecisionName): string => hashJson(['run', ...nameParts(name)]).slice(0, 32);
const decisionIdOf = (name: DecisionName): string => hashJson(['decision', ...nameParts(name)]).slice(0, 32);

/** Decisions of a lane are one stream, so that those who work on different lanes do not wait for each other. */
const decisionStream = (sourceId: string, lane: number): string => `decisions/${sourceId}/${lane}`;

/** How a run ended, or why there was none. */
export type Conclusion = Pick<RunFinished['data'], 'status' | 'outputs' | 'error'> & {
  readonly usage?: RunFinished['data']['usage'];
  readonly elapsedMs?: number;
};
export type DecidedBy = Pick<Decision, 'flow' | 'flowVersion' | 'inputsHash' | 'against'> & {
  readonly name: DecisionName;
  readonly stage: NonNullable<Decision['stage']>;
  readonly findings: RunFindings;
  /** What is decided where the run did not. */
  readonly fallback: SourceSettings['decide']['fallback'];
  /** Why the fallback stands in before any run. */
  readonly reason?: string;
  readonly now: number;
};

export const NO_FINDINGS: RunFindings = { ruleHits: [], models: [], promptIds: [] };

/** A decision, and the bytes of its outputs. */
export type MadeDecision = { readonly data: Decision; readonly bytes: Uint8Array };

/** The decision that a conclusion makes. */
export function decisionOf(record: ArrivedRecord, by: DecidedBy, conclusion: Conclusion): MadeDecision {
  const { name, flow, flowVersion, stage, findings, now } = by;
  const { status, outputs, error, usage, elapsedMs } = conclusion;
  const bytes = utf8(canonicalJson(outputs));
  const values = decodeValue(outputs);
  const told = isObject(values) ? values : NOTHING;
  const fallback = isDecided(status) ? null : actionOf(by.fallback);
  const tokens = usage === undefined || usage.inputTokens === null || usage.outputTokens === null ? null : usage;
  const data: Decision = {
    ...name,
    decisionId: decisionIdOf(name),
    sourceId: record.origin.sourceId,
    recordKey: record.key,
    flow,
    flowVersion,
    runId: runIdOf(name),
    status,
    label: labelOf(told),
    outputs: sha256Bytes(bytes),
    error,
    lane: record.lane,
    arrival: record.arrival,
    subject: record.subject,
    category: record.category,
    eventTime: record.eventTime,
    stage: fallback === null ? stage : 'fallback',
    score: scoreOf(told),
    action: fallback ?? shortText(told.get('action')),
    reasonCodes: reasonCodesOf(told, isDecided(status) ? undefined : (by.reason ?? 'flow_failed')),
    ...findings,
    inputsHash: by.inputsHash,
    latencyMs: Math.max(0, now - record.receivedAt),
    elapsedMs: elapsedMs ?? null,
    cost: usage?.cost ?? null,
    tokens: tokens === null ? null : { input: tokens.inputTokens ?? 0, output: tokens.outputTokens ?? 0 },
    decidedAt: now,
    against: by.against,
  };
  return { data, bytes };
}

/** Everything that makes a conclusion the record's decision, to be written with the last events of its run. */
export function decisionEnd(record: ArrivedRecord, { data, bytes }: MadeDecision): RunEnd {
  const { sourceId, recordId, mode, replay } = data;
  const stream = decisionStream(sourceId, record.lane);
  return {
    claims: [{ ...decisionClaim({ recordId, mode, replay }), value: data.runId }],
    appends: [{ log: 'ledger', stream, events: [{ type: 'DecisionMade', data }], expected: { any: true } }],
    blobs: [{ sha256: data.outputs, bytes, referrer: stream }],
    // What is decided beside the live flow says nothing about whether the record is done.
    ...(mode === 'live' ? { inboxDone: [{ sourceId, recordId: record.recordId, outcome: outcomeOf(data) }] } : {}),
  };
}

export const isDecided = (status: Conclusion['status']): boolean => status === 'succeeded' || status === 'partial-succeeded';

/** What becomes of a record by its live decision: a fallback decides it, too. */
export const outcomeOf = ({ status, action }: Pick<Decision, 'status' | 'action'>): 'decided' | 'failed' =>
  isDecided(status) || action !== null ? 'decided' : 'failed';

/** What a decision said, for one that is held against it. */
export const besideOf = ({ decisionId, flow, flowVersion, label, action }: Decision): DecisionBeside => ({
  decisionId,
  flow,
  flowVersion,
  label,
  action,
});

/** The action of a fallback; null where there is none. */
export function actionOf({ mode, action }: SourceSettings['decide']['fallback']): string | null {
  if (mode === 'none') return null;
  return action ?? (mode === 'open' ? 'allow' : 'block');
}

const NOTHING: ObjectValue = new Map();
/** Longer texts are no labels, actions and codes. */
const LONGEST_LABEL = 200;
const MOST_CODES = 50;

const shortText = (value: Value | undefined): string | null =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST_LABEL ? value : null;

/** The output named `label`, or the only one, when it is short text. */
function labelOf(values: ObjectValue): string | null {
  const value = values.has('label') ? values.get('label') : values.size === 1 ? [...values.values()][0] : null;
  return typeof value === 'string' && value.length <= LONGEST_LABEL ? value : null;
}

function scoreOf(values: ObjectValue): number | null {
  const value = values.get('score');
  if (value === undefined || !isNumeric(value)) return null;
  const score = toDouble(value);
  return Number.isFinite(score) ? score : null;
}

/** The output named `reason_codes`: a list of short texts, or one text with commas. */
function reasonCodesOf(values: ObjectValue, instead: string | undefined): readonly string[] {
  const value = values.get('reason_codes') ?? null;
  const codes = typeof value === 'string' ? value.split(',').map((code) => code.trim()) : Array.isArray(value) ? value : [];
  const known = codes.map((code: Value) => shortText(code)).filter((code) => code !== null);
  return [...known.slice(0, MOST_CODES), ...(instead === undefined ? [] : [instead])];
}
