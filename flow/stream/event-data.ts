import {
  decodeValues,
  float,
  isArray,
  isObject,
  isSecretRef,
  MASK,
  type ContainerStarted,
  type Json,
  type NodeFinished,
  type NodeRetried,
  type NodeVisit,
  type RunFinished,
  type RunStarted,
  type Usage,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { fillSecrets } from '../text/index.ts';
import { passSeconds, type ContainerLog } from './container-log.ts';

/** An event in the form Dify's service API streams (facts: dify-semantics §6): `data` holds values, to be printed with `toJsonText`. */
export type DifyEvent = ReadonlyMap<string, Value>;

export const visitKey = ({ nodeId, path, visit }: NodeVisit): string => JSON.stringify([nodeId, path, visit]);

/** The innermost iteration and loop around a node's visit, as Dify names them. */
export function containersOf(plan: Plan, nodes: ReadonlyMap<string, PlanNode>, { path }: NodeVisit): Entries {
  const around = (type: string): readonly [string, number] | undefined => path.findLast(([id]) => nodes.get(id)?.type === type);
  const [iteration, loop] = [around('iteration'), around('loop')];
  return {
    iteration_id: iteration?.[0] ?? null,
    loop_id: loop?.[0] ?? null,
    ...(iteration === undefined ? {} : { iteration_index: iteration[1] }),
    ...(loop === undefined ? {} : { loop_index: loop[1] }),
  };
}

export function containerStarted(node: PlanNode, { inputs, at }: ContainerStarted['data']): Entries {
  const values = decodeValues(inputs);
  const items = values.get('iterator_selector');
  const length = node.behaviour.kind === 'loop' ? node.behaviour.config.count : items !== undefined && isArray(items) ? items.length : 0;
  return {
    id: node.id,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    created_at: seconds(at),
    extras: new Map(),
    metadata: new Map([[node.type === 'loop' ? 'loop_length' : 'iteration_length', length]]),
    inputs: shown(inputs),
    inputs_truncated: false,
  };
}

export function containerCompleted(node: PlanNode, data: NodeFinished['data'], log: ContainerLog): Entries {
  return {
    id: node.id,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    inputs: shown(log.inputs),
    inputs_truncated: false,
    outputs: shown(data.outputs),
    outputs_truncated: false,
    status: data.status,
    error: data.error === null ? null : maskedText(data.error.message),
    elapsed_time: float((data.at - data.startedAt) / 1000),
    total_tokens: tokensOf(log.usage),
    execution_metadata: new Map([...usageEntries(log.usage), [`${node.type}_duration_map`, passSeconds(log)]]),
    created_at: seconds(data.startedAt),
    finished_at: seconds(data.at),
    steps: log.passes.size,
    extras: new Map(),
  };
}

export const conversationOf = (started: RunStarted['data'] | undefined): Entries => {
  const id = started?.runId ?? null;
  const conversation = started === undefined ? null : (decodeValues(started.system).get('conversation_id') ?? id);
  return { task_id: id, workflow_run_id: id, id, conversation_id: conversation, message_id: id, created_at: seconds(started?.at ?? 0) };
};

export const metadataOf = ({ usage }: RunFinished['data']): Values =>
  new Map([
    [
      'usage',
      objectOf({
        prompt_tokens: usage.inputTokens ?? 0,
        completion_tokens: usage.outputTokens ?? 0,
        total_tokens: tokensOf(usage),
        total_price: usage.cost,
        currency: 'USD',
      }),
    ],
  ]);

export type Entries = Readonly<Record<string, Value>>;
export const objectOf = (entries: Entries): DifyEvent => new Map(Object.entries(entries));
export const tokensOf = (usage: Usage | null): number => (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
const usageEntries = (usage: Usage | null): Values =>
  objectOf({ total_tokens: tokensOf(usage), total_price: usage?.cost ?? null, currency: 'USD' });
export const seconds = (ms: number): number => Math.floor(ms / 1000);
export const shown = (json: Json): Value => (json === null ? null : withoutPlaceholders(decodeValues(json)));
export const maskedText = (text: string): string => fillSecrets(text, () => MASK);

/** The value with `***` for every placeholder of a secret. */
function withoutPlaceholders(value: Value): Value {
  if (typeof value === 'string') return maskedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(withoutPlaceholders);
  if (isSecretRef(value)) return MASK;
  if (!isObject(value)) return value;
  return new Map(Array.from(value, ([key, item]): [string, Value] => [maskedText(key), withoutPlaceholders(item)]));
}

/** The inputs as Dify shows them: the start variables, and sys.* beside them. */
export function runInputs(started: RunStarted['data']): Values {
  const system = Array.from(decodeValues(started.system), ([name, value]): [string, Value] => [`sys.${name}`, value]);
  return new Map([...decodeValues(started.inputs), ...system]);
}

type Ended = Pick<NodeFinished['data'], 'index' | 'inputs' | 'outputs' | 'error' | 'usage' | 'startedAt' | 'at'> & {
  readonly status?: string;
};

/** What is known of a node's start, until it is over. */
export type Begun = { readonly index: number; readonly inputs: Json; readonly usage: Usage | null; readonly at: number };

/** The start node gives the environment too. */
function environmentOf(started: RunStarted['data']): Values {
  const values = decodeValues(started.environment);
  return new Map(Array.from(values, ([name, value]): [string, Value] => [`env.${name}`, withoutPlaceholders(value)]));
}

export function nodeFinished(node: PlanNode, data: Ended, started: RunStarted['data'] | undefined): Entries {
  const isStart = node.behaviour.kind === 'start' && started !== undefined;
  return {
    id: `${started?.runId ?? ''}-${data.index}`,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    index: data.index,
    inputs: isStart ? runInputs(started) : shown(data.inputs),
    process_data: null,
    inputs_truncated: false,
    outputs_truncated: false,
    outputs: isStart ? new Map([...runInputs(started), ...environmentOf(started)]) : shown(data.outputs),
    status: data.status ?? null,
    error: data.error === null ? null : maskedText(data.error.message),
    elapsed_time: float((data.at - data.startedAt) / 1000),
    execution_metadata: usageEntries(data.usage),
    created_at: seconds(data.startedAt),
    finished_at: seconds(data.at),
    files: [],
  };
}

/** An attempt that failed and is followed by another, in the form of a node that ended. */
export function nodeRetried(node: PlanNode, data: NodeRetried['data'], run: RunStarted['data'] | undefined, begun: Begun): Entries {
  const finished = { ...data, index: begun.index, inputs: begun.inputs, outputs: {}, startedAt: begun.at };
  return { ...nodeFinished(node, finished, run), status: 'retry', retry_index: data.attempt };
}

function createdBy(started: RunStarted['data'] | undefined): Value {
  const user = started === undefined ? null : (decodeValues(started.system).get('user_id') ?? null);
  return objectOf({ id: user, user });
}

export const runFinished = (data: RunFinished['data'], started: RunStarted['data'] | undefined): Entries => ({
  id: started?.runId ?? null,
  workflow_id: started?.flowVersion ?? null,
  status: data.status,
  outputs: shown(data.outputs),
  error: data.error === null ? null : maskedText(data.error),
  elapsed_time: float(data.elapsedMs / 1000),
  total_tokens: tokensOf(data.usage),
  total_steps: data.totalSteps,
  created_by: createdBy(started),
  exceptions_count: data.exceptionsCount,
  created_at: seconds(started?.at ?? data.at),
  finished_at: seconds(data.at),
  files: [],
});
