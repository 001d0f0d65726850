import {
  decodeValues,
  float,
  isArray,
  isObject,
  MASK,
  type ContainerStarted,
  type Json,
  type NodeFinished,
  type NodeVisit,
  type RunEvent,
  type RunFinished,
  type RunPaused,
  type RunStarted,
  type Usage,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import { addUsage } from '../engine/state.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { fillSecrets } from '../text/index.ts';
import { agentLog } from './agent-log.ts';
import { ResponseOrder, type Piece } from './response-order.ts';

/** An event in the form Dify's service API streams (facts: dify-semantics §6): `data` holds values, to be printed with `toJsonText`. */
export type DifyEvent = ReadonlyMap<string, Value>;

/** Translates what happens in a run, in order, into Dify's events. */
export type DifyStream = {
  readonly event: (event: RunEvent) => readonly DifyEvent[];
  /** A piece of what a model is saying, for an effect under way. */
  readonly chunk: (effectId: string, text: string) => readonly DifyEvent[];
};

/** What is known of a node's start, until it is over. */
type Begun = { readonly index: number; readonly inputs: Json; readonly usage: Usage | null };

/**
 * Translates a run's events, one at a time and in order, into Dify's. Inline nodes begin and end in one event here, so they give
 * node_started and node_finished together. The texts of answers come as `message` in chats and as `text_chunk` in workflows, in the order
 * of `ResponseOrder`.
 */
export function difyEvents(plan: Plan): DifyStream {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const order = new ResponseOrder(plan);
  const isChat = plan.mode !== 'workflow';
  let started: RunStarted['data'] | undefined;
  let previous: string | null = null;
  /** By the node's visit. */
  const begun = new Map<string, Begun>();
  const passes = new Map<
    string,
    { readonly index: number; readonly inputs: Json; readonly steps: number; readonly startedAt: readonly number[] }
  >();
  const wrap = (event: string, data: Entries): DifyEvent =>
    objectOf({ event, task_id: started?.runId ?? null, workflow_run_id: started?.runId ?? null, data: objectOf(data) });
  const executionId = (index: number): string => `${started?.runId ?? ''}-${index}`;
  const begin = (node: PlanNode, data: NodeVisit & { readonly index: number; readonly inputs: Json; readonly at: number }): DifyEvent =>
    wrap('node_started', {
      id: executionId(data.index),
      node_id: node.id,
      node_type: node.type,
      title: node.title,
      index: data.index,
      predecessor_node_id: previous,
      inputs: shown(data.inputs),
      inputs_truncated: false,
      created_at: seconds(data.at),
      extras: new Map(),
      ...containersOf(plan, nodes, data),
    });
  const said = (piece: Piece): DifyEvent => {
    const text = maskedText(piece.text);
    if (piece.kind === 'replace')
      return isChat
        ? objectOf({ event: 'message_replace', ...conversationOf(started), answer: text, reason: 'new_attempt' })
        : wrap('text_replace', { text, reason: 'new_attempt' });
    return isChat
      ? objectOf({ event: 'message', ...conversationOf(started), answer: text, from_variable_selector: piece.selector })
      : wrap('text_chunk', { text, from_variable_selector: piece.selector });
  };

  const translate = (event: RunEvent): readonly DifyEvent[] => {
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
        begun.set(visitKey(event.data), { index: event.data.index, inputs: event.data.inputs, usage: null });
        return node === undefined ? [] : [begin(node, event.data), ...asksPerson(node, event.data.inputs, wrap)];
      }
      case 'NodeContinued': {
        const key = visitKey(event.data);
        const before = begun.get(key);
        begun.set(key, {
          index: before?.index ?? 0,
          inputs: before?.inputs ?? null,
          usage: addUsage(before?.usage ?? event.data.usage, before?.usage == null ? NOTHING : event.data.usage),
        });
        const node = nodes.get(event.data.nodeId);
        const log = node === undefined ? null : agentLog(node, event.data, executionId(before?.index ?? 0));
        return log === null ? [] : [wrap('agent_log', Object.fromEntries(log))];
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
            ...containersOf(plan, nodes, event.data),
          }),
        ];
      }
      case 'ContainerStarted': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        passes.set(visitKey(event.data), { index: event.data.index, inputs: event.data.inputs, steps: 0, startedAt: [] });
        return [begin(node, event.data), wrap(`${node.type}_started`, containerStarted(node, event.data))];
      }
      case 'PassStarted': {
        const node = nodes.get(event.data.nodeId);
        const key = visitKey(event.data);
        const known = passes.get(key);
        if (node === undefined || known === undefined) return [];
        passes.set(key, { ...known, steps: known.steps + 1 });
        // Dify tells of each item, but not of a loop's first round.
        if (node.type === 'loop' && event.data.pass === 0) return [];
        return [
          wrap(`${node.type}_next`, {
            id: node.id,
            node_id: node.id,
            node_type: node.type,
            title: node.title,
            index: event.data.pass,
            created_at: seconds(event.data.at),
            extras: new Map(),
            ...(node.type === 'loop' ? { pre_loop_output: null } : {}),
          }),
        ];
      }
      case 'NodeFinished': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        const key = visitKey(event.data);
        const container = passes.get(key);
        const before = begun.get(key);
        begun.delete(key);
        passes.delete(key);
        const inline = event.data.effectId === null && container === undefined;
        const first = inline ? [begin(node, { ...event.data, at: event.data.startedAt })] : [];
        const usage = before?.usage == null ? event.data.usage : addUsage(before.usage, event.data.usage ?? NOTHING);
        const inputs = container?.inputs ?? before?.inputs ?? event.data.inputs;
        const completed =
          container === undefined
            ? []
            : [wrap(`${node.type}_completed`, containerCompleted(node, event.data, { inputs, steps: container.steps }))];
        const finished = wrap('node_finished', {
          ...nodeFinished(node, { ...event.data, inputs, usage }, started),
          ...containersOf(plan, nodes, event.data),
        });
        previous = node.id;
        return [...first, ...completed, finished];
      }
      case 'RunFinished':
        return [
          ...(isChat ? [objectOf({ event: 'message_end', ...conversationOf(started), metadata: metadataOf(event.data), files: [] })] : []),
          wrap('workflow_finished', runFinished(event.data, started)),
        ];
      case 'RunPaused':
        return [wrap('workflow_paused', runPaused(event.data, started))];
      case 'RunResumed':
        return [
          wrap('workflow_started', {
            id: started?.runId ?? null,
            workflow_id: started?.flowVersion ?? null,
            reason: 'resumption',
            created_at: seconds(event.data.at),
          }),
        ];
      case 'RunStopRequested':
      case 'EffectDiscarded':
        return [];
    }
  };
  let early: readonly DifyEvent[] = [];
  return {
    chunk: (effectId, text) => order.chunk(effectId, text).map(said),
    event: (event) => {
      const told = translate(event);
      const pieces = order.event(event).map(said);
      // What is certain from the start is said once the first node has begun.
      if (event.type === 'RunStarted') {
        early = pieces;
        return told;
      }
      if (early.length > 0 && told[0]?.get('event') === 'node_started') {
        const [first, ...rest] = [told[0], ...early, ...told.slice(1)];
        early = [];
        return [first, ...between(rest, pieces, event)];
      }
      return between(told, pieces, event);
    },
  };
}

/** What a node says stands before its end, what a run says before its end. */
function between(told: readonly DifyEvent[], pieces: readonly DifyEvent[], event: RunEvent): readonly DifyEvent[] {
  const ends: readonly (Value | undefined)[] = ['node_finished', 'message_end', 'workflow_finished'];
  const at =
    event.type === 'NodeFinished' || event.type === 'RunFinished' ? told.findIndex((item) => ends.includes(item.get('event'))) : -1;
  return at === -1 ? [...told, ...pieces] : [...told.slice(0, at), ...pieces, ...told.slice(at)];
}

const NOTHING: Usage = { inputTokens: null, outputTokens: null, cost: null, calls: 0 };
const visitKey = ({ nodeId, path, visit }: NodeVisit): string => JSON.stringify([nodeId, path, visit]);

/** The innermost iteration and loop around a node's visit, as Dify names them. */
function containersOf(plan: Plan, nodes: ReadonlyMap<string, PlanNode>, { path }: NodeVisit): Entries {
  const around = (type: string): readonly [string, number] | undefined => path.findLast(([id]) => nodes.get(id)?.type === type);
  const [iteration, loop] = [around('iteration'), around('loop')];
  return {
    iteration_id: iteration?.[0] ?? null,
    loop_id: loop?.[0] ?? null,
    ...(iteration === undefined ? {} : { iteration_index: iteration[1] }),
    ...(loop === undefined ? {} : { loop_index: loop[1] }),
  };
}

function containerStarted(node: PlanNode, { inputs, at }: ContainerStarted['data']): Entries {
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
  };
}

function containerCompleted(
  node: PlanNode,
  data: NodeFinished['data'],
  { inputs, steps }: { readonly inputs: Json; readonly steps: number },
): Entries {
  return {
    id: node.id,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    inputs: shown(inputs),
    outputs: shown(data.outputs),
    status: data.status,
    error: data.error === null ? null : maskedText(data.error.message),
    elapsed_time: float((data.at - data.startedAt) / 1000),
    created_at: seconds(data.startedAt),
    finished_at: seconds(data.at),
    steps,
    extras: new Map(),
  };
}

/** A node that waits for a person says so as soon as it begins. */
function asksPerson(node: PlanNode, inputs: Json, wrap: (event: string, data: Entries) => DifyEvent): readonly DifyEvent[] {
  if (node.behaviour.kind !== 'human-input') return [];
  return [wrap('human_input_required', { node_id: node.id, node_title: node.title, ...Object.fromEntries(decodeValues(inputs)) })];
}

const runPaused = (data: RunPaused['data'], started: RunStarted['data'] | undefined): Entries => ({
  workflow_run_id: started?.runId ?? null,
  status: 'paused',
  reasons: [data.reason],
  paused_nodes: data.nodes ?? [],
  outputs: new Map(),
  created_at: seconds(data.at),
});

const conversationOf = (started: RunStarted['data'] | undefined): Entries => {
  const id = started?.runId ?? null;
  const conversation = started === undefined ? null : (decodeValues(started.system).get('conversation_id') ?? id);
  return { task_id: id, workflow_run_id: id, id, conversation_id: conversation, message_id: id };
};

const metadataOf = ({ usage }: RunFinished['data']): Values =>
  new Map([
    [
      'usage',
      objectOf({
        prompt_tokens: usage.inputTokens ?? 0,
        completion_tokens: usage.outputTokens ?? 0,
        total_tokens: (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0),
        total_price: usage.cost,
        currency: 'USD',
      }),
    ],
  ]);

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
    inputs_truncated: false,
    outputs_truncated: false,
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
