import { pinOf, traitsOf, type Plan, type PlanNode } from '../../../flow/index.ts';
import { RiskflowError, type Pin } from '../../../schemas/index.ts';
import { isInline } from './plan-effects.ts';

/** Nodes that ask outside change nothing there; whatever is not known to do so is taken to act. */
const leavesNoTrace = (node: PlanNode): boolean => isInline(node) || traitsOf(node.behaviour.kind).needs === 'answer';

/** The nodes of a plan that would do something outside if they ran: those of a kind that may, and whose results are not pinned. */
export const actingNodes = (plan: Plan, pins: Readonly<Record<string, Pin>>): readonly PlanNode[] =>
  plan.nodes.filter((node) => !leavesNoTrace(node) && pinOf(pins, node) === undefined);

/** Who may not act: the start of a sentence. */
export type Onlooker = 'a backtest' | 'a shadow';

export function actingSentence(who: Onlooker, plan: Plan, acting: readonly PlanNode[]): string {
  const named = acting.map(({ id, type, title }) => `"${title}" (${id}, ${type})`).join(', ');
  return `${who} may change nothing outside, but flow "${plan.flow}" would at ${acting.length === 1 ? 'node' : 'the nodes'} ${named}`;
}

/** @throws RiskflowError `usage` that names the nodes, and says with `hint` what helps */
export function refuseActing(
  who: Onlooker,
  { plan, pins = {} }: { readonly plan: Plan; readonly pins?: Readonly<Record<string, Pin>> },
  hint: (acting: readonly PlanNode[]) => string,
): void {
  const acting = actingNodes(plan, pins);
  if (acting.length > 0) throw new RiskflowError('usage', actingSentence(who, plan, acting), { hint: hint(acting) });
}
