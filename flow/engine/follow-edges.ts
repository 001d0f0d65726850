import type { Plan, PlanNode } from '../plan/plan.ts';
import { nodeAt } from './find-node.ts';
import { EdgeProgress, FoldError, NodeProgress, ownFrame, type Draft, type DraftFrame } from './state.ts';

/** First the edges not chosen are skipped, with all that hangs on them alone; then the chosen ones are taken. */
export function followEdges(
  plan: Plan,
  draft: Draft,
  frame: DraftFrame,
  { node, handle }: { readonly node: PlanNode; readonly handle: string | null },
): void {
  if (node.branches) for (const edge of node.outgoing) if (plan.edges[edge]?.handle !== handle) skipEdge(plan, draft, frame, edge);
  for (const at of node.outgoing) {
    const edge = plan.edges[at];
    if (edge === undefined || frame.edges[edge.slot] !== EdgeProgress.unknown) continue;
    frame.edges[edge.slot] = EdgeProgress.taken;
    settle(plan, draft, frame, edge.target);
  }
}

function skipEdge(plan: Plan, draft: Draft, frame: DraftFrame, first: number): void {
  const stack = [first];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const edge = plan.edges[at];
    if (edge === undefined || frame.edges[edge.slot] !== EdgeProgress.unknown) continue;
    frame.edges[edge.slot] = EdgeProgress.skipped;
    if (settle(plan, draft, frame, edge.target) === NodeProgress.skipped) stack.push(...nodeAt(plan, edge.target).outgoing);
  }
}

/** A node is ready once no incoming edge is open and one was taken; skipped once all were skipped. */
function settle(plan: Plan, draft: Draft, frame: DraftFrame, index: number): NodeProgress {
  const node = nodeAt(plan, index);
  const current = frame.nodes[node.slot] ?? NodeProgress.waiting;
  if (current !== NodeProgress.waiting) return current;
  let taken = false;
  for (const edge of node.incoming) {
    const progress = frame.edges[plan.edges[edge]?.slot ?? -1];
    if (progress === EdgeProgress.unknown) return NodeProgress.waiting;
    if (progress === EdgeProgress.taken) taken = true;
  }
  if (!taken) {
    frame.nodes[node.slot] = NodeProgress.skipped;
    return NodeProgress.skipped;
  }
  markReady(plan, draft, frame, index);
  return NodeProgress.ready;
}

export function markReady(plan: Plan, draft: Draft, frame: DraftFrame, index: number): void {
  frame.nodes[nodeAt(plan, index).slot] = NodeProgress.ready;
  frame.open++;
  draft.ready.push({ frame: frame.key, node: index });
}

/** Takes a node, or a container that is due, from the queue. */
export function takeReady(draft: Draft, frame: string, node: number): void {
  const first = draft.ready[0];
  const at =
    first?.node === node && first.frame === frame ? 0 : draft.ready.findIndex((entry) => entry.node === node && entry.frame === frame);
  if (at === -1) throw new FoldError(`node ${node} finished or started without being ready`);
  draft.ready.splice(at, 1);
}

/** A node of a frame is over, however it ended: finished or never to be started. */
export function closeNode(
  plan: Plan,
  draft: Draft,
  at: { readonly frame: string; readonly node: number },
  progress: NodeProgress,
): DraftFrame {
  const frame = ownFrame(draft, at.frame);
  frame.nodes[nodeAt(plan, at.node).slot] = progress;
  frame.open--;
  return frame;
}
