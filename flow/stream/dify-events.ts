import type { Json, NodeFinished, NodeVisit, RunEvent, RunStarted, Value } from '../../schemas/core.ts';
import { addUsage } from '../engine/state.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { agentLog } from './agent-log.ts';
import { containerLogs, NOTHING } from './container-log.ts';
import {
  containerCompleted,
  containersOf,
  containerStarted,
  conversationOf,
  maskedText,
  metadataOf,
  nodeFinished,
  nodeRetried,
  objectOf,
  runFinished,
  runInputs,
  seconds,
  shown,
  tokensOf,
  visitKey,
  type Begun,
  type DifyEvent,
  type Entries,
} from './event-data.ts';
import { formAnswered, formOf, runPaused } from './person-events.ts';
import { ResponseOrder, type Piece } from './response-order.ts';

/** Translates what happens in a run, in order, into Dify's events. */
export type DifyStream = {
  readonly event: (event: RunEvent) => readonly DifyEvent[];
  /** A piece of what a model is saying, for an effect under way. */
  readonly chunk: (effectId: string, text: string) => readonly DifyEvent[];
};

/**
 * Translates a run's events, one at a time and in order, into Dify's. Inline nodes begin and end in one event here, so they give
 * node_started and node_finished together; iterations and loops have events of their own instead. The texts of answers come as `message` in chats and as `text_chunk` in workflows, in the order
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
  const containers = containerLogs();
  /** Forms that nobody answered yet, by the node's visit. */
  const forms = new Map<string, Entries>();
  let steps = 0;
  let tokens = 0;
  const wrap = (event: string, data: Entries): DifyEvent =>
    objectOf({
      event,
      ...(isChat ? conversationOf(started) : { task_id: started?.runId ?? null, workflow_run_id: started?.runId ?? null }),
      data: objectOf(data),
    });
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
      agent_strategy: node.behaviour.kind === 'agent' ? objectOf({ name: node.behaviour.config.strategy, icon: null }) : null,
    });
  /** The end of an iteration or loop; undefined where it is another node's. */
  const completed = (node: PlanNode, data: NodeFinished['data']): DifyEvent | undefined => {
    const log = containers.close(data);
    return log && wrap(`${node.type}_completed`, { ...containerCompleted(node, data, log), ...containersOf(plan, nodes, data) });
  };
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
        const { index, inputs, at } = event.data;
        const node = nodes.get(event.data.nodeId);
        steps = Math.max(steps, index);
        begun.set(visitKey(event.data), { index, inputs, usage: null, at });
        if (node === undefined) return [];
        const form = formOf(node, { id: executionId(index), inputs, at });
        if (form !== null) forms.set(visitKey(event.data), form);
        return [begin(node, event.data), ...(form === null ? [] : [wrap('human_input_required', form)])];
      }
      case 'NodeContinued': {
        const key = visitKey(event.data);
        const before = begun.get(key);
        begun.set(key, {
          index: before?.index ?? 0,
          inputs: before?.inputs ?? null,
          at: before?.at ?? event.data.at,
          usage: addUsage(before?.usage ?? event.data.usage, before?.usage == null ? NOTHING : event.data.usage),
        });
        const node = nodes.get(event.data.nodeId);
        const log = node === undefined ? null : agentLog(node, event.data, executionId(before?.index ?? 0));
        return log === null ? [] : [wrap('agent_log', Object.fromEntries(log))];
      }
      case 'NodeRetried': {
        const node = nodes.get(event.data.nodeId);
        const known = begun.get(visitKey(event.data));
        if (node === undefined || known === undefined) return [];
        return [wrap('node_retry', { ...nodeRetried(node, event.data, started, known), ...containersOf(plan, nodes, event.data) })];
      }
      case 'ContainerStarted': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        steps = Math.max(steps, event.data.index);
        containers.open(event.data);
        return [wrap(`${node.type}_started`, { ...containerStarted(node, event.data), ...containersOf(plan, nodes, event.data) })];
      }
      case 'PassStarted': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        containers.pass(event.data);
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
            ...(node.type === 'loop' ? { pre_loop_output: new Map() } : {}),
            ...containersOf(plan, nodes, event.data),
          }),
        ];
      }
      case 'NodeFinished': {
        const node = nodes.get(event.data.nodeId);
        if (node === undefined) return [];
        const key = visitKey(event.data);
        const before = begun.get(key);
        const form = forms.get(key);
        begun.delete(key);
        forms.delete(key);
        const usage = before?.usage == null ? event.data.usage : addUsage(before.usage, event.data.usage ?? NOTHING);
        containers.within({ ...event.data, usage });
        steps = Math.max(steps, event.data.index);
        tokens += tokensOf(usage);
        const end = completed(node, event.data);
        const first = event.data.effectId === null && end === undefined ? [begin(node, { ...event.data, at: event.data.startedAt })] : [];
        previous = node.id;
        if (end !== undefined) return [end];
        const answered = form === undefined ? null : formAnswered(form, event.data);
        const finished = wrap('node_finished', {
          ...nodeFinished(node, { ...event.data, inputs: before?.inputs ?? event.data.inputs, usage }, started),
          ...containersOf(plan, nodes, event.data),
        });
        return [...first, ...(answered === null ? [] : [wrap(...answered)]), finished];
      }
      case 'RunFinished':
        return [
          ...(isChat ? [objectOf({ event: 'message_end', ...conversationOf(started), metadata: metadataOf(event.data), files: [] })] : []),
          wrap('workflow_finished', runFinished(event.data, started)),
        ];
      case 'RunPaused':
        return [wrap('workflow_paused', runPaused(event.data, { started, forms: [...forms.values()], steps, tokens }))];
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
