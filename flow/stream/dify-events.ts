import { float, type Json, type NodeVisit, type RunEvent, type RunStarted, type Usage, type Value } from '../../schemas/core.ts';
import { addUsage } from '../engine/state.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { agentLog } from './agent-log.ts';
import {
  NOTHING,
  visitKey,
  containersOf,
  containerStarted,
  containerCompleted,
  asksPerson,
  runPaused,
  conversationOf,
  metadataOf,
  type Entries,
  objectOf,
  seconds,
  shown,
  maskedText,
  runInputs,
  nodeFinished,
  runFinished,
  type DifyEvent,
} from './event-data.ts';
import { ResponseOrder, type Piece } from './response-order.ts';

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
