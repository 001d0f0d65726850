import type { Pin } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';

type Pins = Readonly<Record<string, Pin>>;

/** The pin of a node: by its id, else by its type. */
export function pinOf(pins: Pins, node: { readonly id: string; readonly type: string }): Pin | undefined {
  if (Object.hasOwn(pins, node.id)) return pins[node.id];
  return Object.hasOwn(pins, `type:${node.type}`) ? pins[`type:${node.type}`] : undefined;
}

/** Whether the node that a run begins with is pinned: then its outputs are the pin's, and no inputs are needed. */
export function isRootPinned(plan: Plan, pins: Pins): boolean {
  const root = plan.nodes[plan.root];
  return root !== undefined && pinOf(pins, root) !== undefined;
}
