import { decodeValue, decodeValues, type NodeFinished, type RunEvent, type Value, type Values } from '../../schemas/core.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { nodeAt, nodeIndex } from './find-node.ts';
import { closeNode, followEdges, markReady, takeReady } from './follow-edges.ts';
import { containerKeyOf, frameKeyOf } from './names.ts';
import { abandon, closeContainer, endPass, openContainer, openPass } from './passes.ts';
import { frameUp, write } from './pool.ts';
import {
  addUsage,
  draftOf,
  FoldError,
  NodeProgress,
  ownFrame,
  sharedOf,
  stateOf,
  type Draft,
  type DraftFrame,
  type RunState,
} from './state.ts';

/** The state after these events. Uses recorded outputs only; no node is evaluated. @throws FoldError when they do not fit the plan. */
export function evolve(plan: Plan, state: RunState, events: readonly RunEvent[]): RunState {
  const draft = draftOf(state);
  for (const event of events) applyEvent(plan, draft, event);
  return stateOf(draft);
}

export function applyEvent(plan: Plan, draft: Draft, event: RunEvent): void {
  draft.seq++;
  switch (event.type) {
    case 'RunStarted': {
      draft.started = event.data;
      draft.shared = sharedOf(event.data, plan);
      const top = ownFrame(draft, '');
      top.produced[nodeAt(plan, plan.root).slot] = decodeValues(event.data.inputs);
      markReady(plan, draft, top, plan.root);
      return;
    }
    case 'NodeStarted': {
      const at = { frame: frameKeyOf(event.data.path), node: nodeIndex(plan, event.data.nodeId) };
      takeReady(draft, at.frame, at.node);
      ownFrame(draft, at.frame).nodes[nodeAt(plan, at.node).slot] = NodeProgress.running;
      draft.steps++;
      const { effectId, index, at: startedAt, contentKey } = event.data;
      draft.running.set(effectId, { ...at, index, attempt: 1, startedAt, notBefore: startedAt, contentKey, memo: null, turn: 1 });
      if (contentKey !== null) countAsked(draft, contentKey);
      return;
    }
    case 'NodeContinued': {
      const { effectId, nextEffectId, memo, contentKey, usage, elapsedMs, reused } = event.data;
      const running = draft.running.get(effectId);
      if (running === undefined) throw new FoldError(`NodeContinued names the effect ${effectId}, which is not under way`);
      draft.running.delete(effectId);
      draft.running.set(nextEffectId, { ...running, attempt: 1, notBefore: event.data.at, contentKey, memo, turn: running.turn + 1 });
      draft.usage = addUsage(draft.usage, usage);
      draft.effectMs += elapsedMs;
      if (reused) draft.reused++;
      if (contentKey !== null) countAsked(draft, contentKey);
      return;
    }
    case 'NodeRetried': {
      const running = draft.running.get(event.data.effectId);
      if (running === undefined) throw new FoldError(`NodeRetried names the effect ${event.data.effectId}, which is not under way`);
      const { attempt, at, delayMs } = event.data;
      draft.running.set(event.data.effectId, { ...running, attempt: attempt + 1, notBefore: at + delayMs });
      draft.usage = addUsage(draft.usage, event.data.usage);
      return;
    }
    case 'ContainerStarted': {
      const at = { frame: frameKeyOf(event.data.path), node: nodeIndex(plan, event.data.nodeId) };
      draft.steps++;
      openContainer(plan, draft, at, { index: event.data.index, startedAt: event.data.at, inputs: decodeValues(event.data.inputs) });
      return;
    }
    case 'PassStarted': {
      const at = { frame: frameKeyOf(event.data.path), node: nodeIndex(plan, event.data.nodeId) };
      openPass(plan, draft, at, event.data.pass);
      return;
    }
    case 'NodeFinished':
      applyNodeFinished(plan, draft, event.data, decodeValues(event.data.outputs));
      return;
    case 'RunPaused':
      draft.paused = event.data;
      return;
    case 'RunResumed':
      draft.paused = null;
      return;
    case 'RunStopRequested':
      draft.stopReason ??= event.data.reason;
      return;
    case 'EffectDiscarded':
      draft.running.delete(event.data.effectId);
      draft.usage = addUsage(draft.usage, event.data.usage);
      return;
    case 'RunFinished':
      draft.finished = event.data;
      draft.ready = [];
      return;
  }
}

/** The same content may be asked for several times in one run: each is a draw of its own. */
function countAsked(draft: Draft, contentKey: string): void {
  const base = contentKey.slice(0, 64);
  draft.asked.set(base, (draft.asked.get(base) ?? 0) + 1);
}

/** `outputs` is `data.outputs` decoded: the live path has it already. Does not count the event. */
export function applyNodeFinished(plan: Plan, draft: Draft, data: NodeFinished['data'], outputs: Values): void {
  const at = { frame: frameKeyOf(data.path), node: nodeIndex(plan, data.nodeId) };
  const node = nodeAt(plan, at.node);
  if (data.effectId !== null) draft.running.delete(data.effectId);
  else if (draft.containers.has(containerKeyOf(at.frame, at.node))) {
    const { answers } = closeContainer(plan, draft, at);
    if (answers !== null) say(draft, at.frame, answers.outputs);
  } else {
    takeReady(draft, at.frame, at.node);
    draft.steps++;
  }
  const frame = closeNode(plan, draft, at, NodeProgress.finished);
  if (data.usage !== null) draft.usage = addUsage(draft.usage, data.usage);
  if (data.reused) draft.reused++;
  draft.effectMs += data.elapsedMs;
  if (data.status === 'exception' || data.status === 'failed') draft.exceptions++;
  if (data.status === 'failed') return failFrame(plan, draft, frame, data.error?.message ?? 'a node failed');
  // What the root gives are the inputs of the run, unless it was pinned.
  if (at.node !== plan.root || data.effectId !== null) frame.produced[node.slot] = outputs;
  for (const [selector, value] of data.writes ?? []) write(plan, draft, frame.key, { selector, value: decodeValue(value) });
  collectOutputs(draft, frame, node, outputs);
  if (node.behaviour.kind === 'loop-end') {
    frame.ended = true;
    abandon(plan, draft, frame.key);
  } else if (frame.failure === null && !frame.ended) followEdges(plan, draft, frame, { node, handle: data.handle });
  endPass(plan, draft, frame.key);
}

/** At the top it is the run that fails; in a pass the rest of the pass is left, and its iteration or loop decides. */
function failFrame(plan: Plan, draft: Draft, frame: DraftFrame, message: string): void {
  if (frame.parent === null) {
    draft.failure ??= message;
    return;
  }
  frame.failure ??= message;
  abandon(plan, draft, frame.key);
  endPass(plan, draft, frame.key);
}

function collectOutputs(draft: Draft, frame: DraftFrame, node: PlanNode, outputs: Values): void {
  if (node.behaviour.kind === 'end') for (const [name, value] of outputs) draft.outputs.set(name, value);
  if (node.behaviour.kind === 'answer') say(draft, frame.key, outputs);
}

/** What answer nodes say is joined: for the run, or for the pass of an iteration they run in. */
function say(draft: Draft, frameKey: string, outputs: Values): void {
  const holder = frameUp(draft, frameKey, (frame) => frame.outputs !== null);
  const said = holder === undefined ? draft.outputs : new Map(holder.outputs ?? []);
  for (const [name, value] of outputs) {
    const before: Value | undefined = said.get(name);
    said.set(name, name === 'answer' && typeof before === 'string' && typeof value === 'string' ? before + value : value);
  }
  if (holder !== undefined) ownFrame(draft, holder.key).outputs = said;
}
