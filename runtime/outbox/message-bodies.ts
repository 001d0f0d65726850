import { decodeValue, type Json, type JsonObject, type OutgoingMessage } from '../../schemas/index.ts';
import { textOf, type Context } from '../context.ts';
import { isJsonObject, numberIn, textIn, type Outgoing } from './outgoing-events.ts';
import { outsideJson } from './outside-json.ts';

/** Larger outputs are not sent along. */
export const MOST_OUTPUT_BYTES = 256 << 10;
/** No more than this is put into one batch, unless a single message is larger: brokers take about a megabyte at a time. */
const MOST_BATCH_BYTES = 512 << 10;

/** Messages with their bodies, in the order given: those that fit into a batch, which is at least one. */
export async function withBodies(
  { workspaceId, storage }: Pick<Context, 'workspaceId' | 'storage'>,
  outgoing: readonly Outgoing[],
): Promise<readonly OutgoingMessage[]> {
  const hashes = outgoing.flatMap(({ type, data }) => (type === 'decision' ? [textIn(data, 'outputs') ?? ''] : []));
  const blobs = await storage.blobs.readMany(workspaceId, [...new Set(hashes.filter((hash) => hash !== ''))]);
  const messages: OutgoingMessage[] = [];
  let bytes = 0;
  for (const each of outgoing) {
    const { id, type, key, at, data } = each;
    const body = type === 'decision' ? decisionBody(data, blobs.get(textIn(data, 'outputs') ?? '')) : alertBody(data, each);
    bytes += JSON.stringify(body).length;
    if (bytes > MOST_BATCH_BYTES && messages.length > 0) break;
    messages.push({ id, type, key, at, body });
  }
  return messages;
}

/**
 * The body of a decision: the fields of its schema in schemas/avro, where `outputs` is JSON. Facts that the first release wrote lack some.
 * `outputs`: the bytes of the blob; undefined when it was erased.
 */
export function decisionBody(data: JsonObject, outputs: Uint8Array | undefined): Json {
  const text = (name: string): string | null => textIn(data, name);
  const number = (name: string): number | null => numberIn(data, name);
  const { tokens } = data;
  return {
    decisionId: text('decisionId'),
    sourceId: text('sourceId'),
    recordId: text('recordId'),
    recordKey: text('recordKey'),
    subject: text('subject'),
    category: text('category'),
    eventTime: number('eventTime'),
    mode: text('mode'),
    stage: text('stage') ?? 'live',
    replay: number('replay') ?? 0,
    flow: text('flow'),
    flowVersion: text('flowVersion'),
    runId: text('runId'),
    status: text('status'),
    label: text('label'),
    score: number('score'),
    action: text('action'),
    reasonCodes: textsIn(data, 'reasonCodes'),
    ruleHits: objectsIn(data, 'ruleHits').map((hit) => pick(hit, ['nodeId', 'title', 'caseId'])),
    models: objectsIn(data, 'models').map((model) => pick(model, ['provider', 'name'])),
    promptIds: textsIn(data, 'promptIds'),
    inputsHash: text('inputsHash'),
    latencyMs: number('latencyMs'),
    elapsedMs: number('elapsedMs'),
    cost: number('cost'),
    tokens: isJsonObject(tokens) ? { input: numberIn(tokens, 'input'), output: numberIn(tokens, 'output') } : null,
    ...outputsOf(outputs),
    error: text('error'),
    decidedAt: number('decidedAt'),
  };
}

function outputsOf(bytes: Uint8Array | undefined): { readonly outputs: Json; readonly outputsNote: string | null } {
  if (bytes === undefined) return { outputs: null, outputsNote: 'they were erased' };
  if (bytes.byteLength > MOST_OUTPUT_BYTES) {
    const outputsNote = `they have ${bytes.byteLength} bytes, and no more than ${MOST_OUTPUT_BYTES} are sent along`;
    return { outputs: null, outputsNote };
  }
  return { outputs: outsideJson(decodeValue(JSON.parse(textOf(bytes)) as Json)), outputsNote: null };
}

/** The body of an alert: the fields of its schema in schemas/avro. `at`: when it was noted. */
export function alertBody(data: JsonObject, { eventType, at }: Pick<Outgoing, 'eventType' | 'at'>): Json {
  const { evidence = null } = data;
  const seen = isJsonObject(evidence) ? evidence : {};
  return {
    ...pick(data, ['alertId', 'sourceId', 'rule', 'by', 'subject', 'category', 'reason']),
    state: eventType === 'AlertCleared' ? 'cleared' : 'raised',
    windowStart: numberIn(data, 'windowStart'),
    windowEnd: numberIn(data, 'windowEnd'),
    count: numberIn(seen, 'count') ?? numberIn(data, 'count'),
    baseline: numberIn(seen, 'baseline'),
    ratio: numberIn(seen, 'ratio'),
    z: numberIn(seen, 'z'),
    p: numberIn(seen, 'p'),
    reporters: numberIn(seen, 'reporters'),
    needed: numberIn(data, 'needed'),
    topSubjects: objectsIn(data, 'topSubjects').map((each) => ({ subject: textIn(each, 'subject'), count: numberIn(each, 'count') })),
    peak: numberIn(data, 'peak'),
    at,
  };
}

const textsIn = (data: JsonObject, name: string): readonly string[] => itemsIn(data, name).filter((item) => typeof item === 'string');
const objectsIn = (data: JsonObject, name: string): readonly JsonObject[] => itemsIn(data, name).filter(isJsonObject);

function itemsIn(data: JsonObject, name: string): readonly Json[] {
  const value = data[name];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

const pick = (from: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, textIn(from, name)]));
