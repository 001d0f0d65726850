import {
  decodeValues,
  float,
  isArray,
  isObject,
  MASK,
  type Json,
  type NodeFinished,
  type RunEvent,
  type RunFinished,
  type RunStarted,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { fillSecrets } from '../text/index.ts';

/** An event in the form Dify's service API streams (facts: dify-semantics §6): `data` holds values, to be printed with `toJsonText`. */
export type DifyEvent = ReadonlyMap<string, Value>;

/**
 * Translates a run's events, one at a time and in order, into Dify's. Inline nodes begin and end in one event here, so they give
 * node_started and node_finished together. A chat flow's answers are `message` events; pinned chunks come piece by piece.
 */
export function difyEvents(plan: Plan): (event: RunEvent) => readonly DifyEvent[] {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  let started: RunStarted['data'] | undefined;
  let previous: string | null = null;
  const inputsOf = new Map<string, Json>();
  const wrap = (event: string, data: Entries): DifyEvent =>
    objectOf({ event, task_id: started?.runId ?? null, workflow_run_id: started?.runId ?? null, data: objectOf(data) });
  const begin = (node: PlanNode, data: { readonly index: number; readonly inputs: Json; readonly at: number }): DifyEvent =>
    wrap('node_started', {
      id: `${started?.runId ?? ''}-${data.index}`,
      node_id: node.id,
      node_type: node.type,
      title: node.title,
      index: data.index,
      predecessor_node_id: previous,
      inputs: shown(data.inputs),
      created_at: seconds(data.at),
    });
  return (event) => {
    switch (event.type) {
      case 'RunStarted':
        started = event.data;
        return [
          wrap('workflow_started', {
            id: event.data.runId,
            workflow_id: event.data.flowVersion,
            inputs: runInputs(event.data),
            created_at: seconds(event.data.at),
            reason: 'initial',
          }),
        ];
      case 'NodeStarted': {
        const node = nodes.get(event.data.nodeId);
        inputsOf.set(event.data.effectId, event.data.inputs);
        return node === undefined ? [] : [begin(node, event.data)];
      }
      case 'NodeRetried': {
        const node = nodes.get(event.data.nodeId);
        return [
          wrap('node_retry', {
            node_id: event.data.nodeId,
            node_type: node?.type ?? null,
            title: node?.title ?? null,
            retry_index: event.data.attempt,
            error: maskedText(event.data.error.message),
          }),
        ];
      }
      case 'NodeFinished': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        const first =
          event.data.effectId === null
            ? [begin(node, { index: event.data.index, inputs: event.data.inputs, at: event.data.startedAt })]
            : [];
        const finished = wrap(
          'node_finished',
          nodeFinished(node, { ...event.data, inputs: inputsOf.get(event.data.effectId ?? '') ?? event.data.inputs }, started),
        );
        previous = node.id;
        return [...first, ...pieces(plan, node, event.data, started), finished];
      }
      case 'RunFinished':
        return [
          ...(plan.mode === 'advanced-chat' && started !== undefined ? [messageEnd(started)] : []),
          wrap('workflow_finished', runFinished(event.data, started)),
        ];
      case 'RunPaused':
      case 'RunResumed':
      case 'RunStopRequested':
      case 'EffectDiscarded':
        return [];
    }
  };
}

type Entries = Readonly<Record<string, Value>>;
const objectOf = (entries: Entries): DifyEvent => new Map(Object.entries(entries));
const seconds = (ms: number): number => Math.floor(ms / 1000);
const shown = (json: Json): Value => (json === null ? null : withoutPlaceholders(decodeValues(json)));
const maskedText = (text: string): string => fillSecrets(text, () => MASK);

/** The value with `***` for every placeholder of a secret. */
function withoutPlaceholders(value: Value): Value {
  if (typeof value === 'string') return maskedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(withoutPlaceholders);
  if (!isObject(value)) return value;
  return new Map(Array.from(value, ([key, item]): [string, Value] => [maskedText(key), withoutPlaceholders(item)]));
}

/** The inputs as Dify shows them: the start variables, and sys.* beside them. */
function runInputs(started: RunStarted['data']): Values {
  const system = Array.from(decodeValues(started.system), ([name, value]): [string, Value] => [`sys.${name}`, value]);
  return new Map([...decodeValues(started.inputs), ...system]);
}

function nodeFinished(node: PlanNode, data: NodeFinished['data'], started: RunStarted['data'] | undefined): Entries {
  const isStart = node.behaviour.kind === 'start' && started !== undefined;
  const tokens = (data.usage?.inputTokens ?? 0) + (data.usage?.outputTokens ?? 0);
  return {
    id: `${started?.runId ?? ''}-${data.index}`,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    index: data.index,
    inputs: isStart ? runInputs(started) : shown(data.inputs),
    process_data: null,
    outputs: isStart ? runInputs(started) : shown(data.outputs),
    status: data.status,
    error: data.error === null ? null : maskedText(data.error.message),
    elapsed_time: float((data.at - data.startedAt) / 1000),
    execution_metadata: objectOf({ total_tokens: tokens, total_price: data.usage?.cost ?? null, currency: 'USD' }),
    created_at: seconds(data.startedAt),
    finished_at: seconds(data.at),
    files: [],
  };
}

/** The text a finished node adds to the stream: pinned chunks of a model node, or an answer. */
function pieces(plan: Plan, node: PlanNode, data: NodeFinished['data'], started: RunStarted['data'] | undefined): readonly DifyEvent[] {
  if (node.behaviour.kind !== 'answer' || plan.mode !== 'advanced-chat' || started === undefined) return [];
  const answer = decodeValues(data.outputs).get('answer');
  if (typeof answer !== 'string' || answer === '') return [];
  const base = { task_id: started.runId, workflow_run_id: started.runId, conversation_id: started.runId, message_id: started.runId };
  return [
    objectOf({ event: 'message', ...base, id: started.runId, answer: maskedText(answer), from_variable_selector: [node.id, 'answer'] }),
  ];
}

const messageEnd = (started: RunStarted['data']): DifyEvent =>
  objectOf({
    event: 'message_end',
    task_id: started.runId,
    workflow_run_id: started.runId,
    id: started.runId,
    conversation_id: started.runId,
    message_id: started.runId,
    metadata: new Map(),
    files: [],
  });

const runFinished = (data: RunFinished['data'], started: RunStarted['data'] | undefined): Entries => ({
  id: started?.runId ?? null,
  workflow_id: started?.flowVersion ?? null,
  status: data.status,
  outputs: shown(data.outputs),
  error: data.error === null ? null : maskedText(data.error),
  elapsed_time: float(data.elapsedMs / 1000),
  total_tokens: (data.usage.inputTokens ?? 0) + (data.usage.outputTokens ?? 0),
  total_steps: data.totalSteps,
  exceptions_count: data.exceptionsCount,
  created_at: seconds(started?.at ?? data.at),
  finished_at: seconds(data.at),
  files: [],
});
