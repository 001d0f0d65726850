import { upgradeBehaviour } from '../nodes/upgrade-behaviour.ts';
import type { Plan } from './plan.ts';

/** A plan as the first builds made it, when all nodes ran in one scope. It stands in the histories of workflows that they began. */
type EarlyPlan = Omit<Plan, 'scopes' | 'conversationTypes'> & Partial<Pick<Plan, 'scopes' | 'conversationTypes'>>;

/** A plan that some build of this plan version made, as this one reads it. */
export function upgradePlan(plan: EarlyPlan): Plan {
  const { scopes, conversationTypes } = plan;
  if (scopes !== undefined && conversationTypes !== undefined) return { ...plan, scopes, conversationTypes };
  return {
    ...plan,
    nodes: plan.nodes.map((node, slot) => ({ ...node, behaviour: upgradeBehaviour(node.behaviour), scope: 0, slot, body: null })),
    edges: plan.edges.map((edge, slot) => ({ ...edge, slot })),
    scopes: [{ container: null, root: plan.root, nodeCount: plan.nodes.length, edgeCount: plan.edges.length }],
    conversationTypes: {},
  };
}
