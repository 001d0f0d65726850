import { decodeValues, type NodeFinished, type RunEvent, type Value, type Values } from '../../schemas/core.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { addUsage, draftOf, EdgeProgress, NodeProgress, sharedOf, type Draft, type RunState } from './state.ts';

/** A run's events do not fit its plan: a broken contract, not a user's mistake. */
export class FoldError extends Error {
  readonly code = 'fold_error';
}

/** The state after these events. Uses recorded outputs only; no node is evaluated. @throws FoldError when they do not fit the plan. */
export function evolve(plan: Plan, state: RunState, events: readonly RunEvent[]): RunState {
  const draft = draftOf(state);
  for (const event of events) applyEvent(plan, draft, event);
  return draft;
}

export function applyEvent(plan: Plan, draft: Draft, event: RunEvent): void {
  draft.seq++;
  switch (event.type) {
    case 'RunStarted':
      draft.started = event.data;
      draft.shared = sharedOf(event.data, plan);
      draft.produced[plan.root] = decodeValues(event.data.inputs);
      markReady(draft, plan.root);
      return;
    case 'NodeStarted': {
      const node = nodeIndex(plan, event.data.nodeId);
      takeReady(draft, node);
      draft.nodes[node] = NodeProgress.running;
      draft.steps++;
      const { effectId, index, at, contentKey } = event.data;
      draft.running.set(effectId, { node, index, attempt: 1, startedAt: at, notBefore: at, contentKey });
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
  const index = nodeIndex(plan, data.nodeId);
  const node = plan.nodes[index];
  if (node === undefined) throw new FoldError(`the plan has no node ${data.nodeId}`);
  if (data.effectId === null) {
    takeReady(draft, index);
    draft.steps++;
  } else draft.running.delete(data.effectId);
  draft.nodes[index] = NodeProgress.finished;
  if (data.usage !== null) draft.usage = addUsage(draft.usage, data.usage);
  if (data.reused) draft.reused++;
  draft.effectMs += data.elapsedMs;
  if (data.status === 'exception' || data.status === 'failed') draft.exceptions++;
  if (data.status === 'failed') {
    draft.failure = data.error?.message ?? 'a node failed';
    return;
  }
  // What the root gives are the inputs of the run, unless it was pinned.
  if (index !== plan.root || data.effectId !== null) draft.produced[index] = outputs;
  collectOutputs(draft, node, outputs);
  followEdges(plan, draft, node, data.handle);
}

function collectOutputs(draft: Draft, node: PlanNode, outputs: Values): void {
  if (node.behaviour.kind === 'end') for (const [name, value] of outputs) draft.outputs.set(name, value);
  if (node.behaviour.kind !== 'answer') return;
  for (const [name, value] of outputs) {
    const before: Value | undefined = draft.outputs.get(name);
    draft.outputs.set(name, name === 'answer' && typeof before === 'string' && typeof value === 'string' ? before + value : value);
  }
}

/** First the edges not chosen are skipped, with all that hangs on them alone; then the chosen ones are taken. */
function followEdges(plan: Plan, draft: Draft, node: PlanNode, handle: string | null): void {
  if (node.branches) for (const edge of node.outgoing) if (plan.edges[edge]?.handle !== handle) skipEdge(plan, draft, edge);
  for (const edge of node.outgoing) {
    if (draft.edges[edge] !== EdgeProgress.unknown) continue;
    draft.edges[edge] = EdgeProgress.taken;
    settle(plan, draft, plan.edges[edge]?.target ?? -1);
  }
}

function skipEdge(plan: Plan, draft: Draft, edge: number): void {
  const stack = [edge];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (draft.edges[at] !== EdgeProgress.unknown) continue;
    draft.edges[at] = EdgeProgress.skipped;
    const target = plan.edges[at]?.target ?? -1;
    if (settle(plan, draft, target) === NodeProgress.skipped) stack.push(...(plan.nodes[target]?.outgoing ?? []));
  }
}

/** A node is ready once no incoming edge is open and one was taken; skipped once all were skipped. */
function settle(plan: Plan, draft: Draft, index: number): NodeProgress {
  const node = plan.nodes[index];
  const current = draft.nodes[index];
  if (node === undefined || current !== NodeProgress.waiting) return current ?? NodeProgress.waiting;
  let taken = false;
  for (const edge of node.incoming) {
    const progress = draft.edges[edge];
    if (progress === EdgeProgress.unknown) return NodeProgress.waiting;
    if (progress === EdgeProgress.taken) taken = true;
  }
  if (taken) {
    markReady(draft, index);
    return NodeProgress.ready;
  }
  draft.nodes[index] = NodeProgress.skipped;
  return NodeProgress.skipped;
}

function markReady(draft: Draft, index: number): void {
  draft.nodes[index] = NodeProgress.ready;
  draft.ready.push(index);
}

function takeReady(draft: Draft, index: number): void {
  const at = draft.ready.indexOf(index);
  if (at === -1) throw new FoldError(`node ${index} finished or started without being ready`);
  draft.ready.splice(at, 1);
}

const nodeIndexes = new WeakMap<Plan, ReadonlyMap<string, number>>();

/** A cache by identity of the plan, which is data and never changes: it can be forgotten and built again at any time. */
export function findNode(plan: Plan, nodeId: string): number | undefined {
  let indexes = nodeIndexes.get(plan);
  if (indexes === undefined) {
    indexes = new Map(plan.nodes.map((node, i) => [node.id, i]));
    nodeIndexes.set(plan, indexes);
  }
  return indexes.get(nodeId);
}

function nodeIndex(plan: Plan, nodeId: string): number {
  const index = findNode(plan, nodeId);
  if (index === undefined) throw new FoldError(`the plan has no node ${nodeId}`);
  return index;
}
