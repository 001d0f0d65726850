import type { Plan, PlanNode } from '../plan/plan.ts';
import { FoldError } from './state.ts';

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

export function nodeIndex(plan: Plan, nodeId: string): number {
  const index = findNode(plan, nodeId);
  if (index === undefined) throw new FoldError(`the plan has no node ${nodeId}`);
  return index;
}

export function nodeAt(plan: Plan, index: number): PlanNode {
  const node = plan.nodes[index];
  if (node === undefined) throw new FoldError(`the plan has no node number ${index}`);
  return node;
}
