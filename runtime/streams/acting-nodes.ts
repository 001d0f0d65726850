import { pinOf, type Plan, type PlanNode } from '../../../flow/index.ts';
import { RiskflowError, type Pin } from '../../../schemas/index.ts';

/** Kinds of nodes that change nothing outside: they compute, or ask a model. Whatever is not listed is taken to act. */
const WITHOUT_TRACE: ReadonlySet<string> = new Set<PlanNode['behaviour']['kind']>([
  'start',
  'end',
  'answer',
  'if-else',
  'template-transform',
  'variable-aggregator',
  'code',
  'llm',
  'question-classifier',
  // Reached, it fails.
  'unsupported',
]);

/** The nodes of a plan that would do something outside if they ran: those of a kind that may, and whose results are not pinned. */
export const actingNodes = (plan: Plan, pins: Readonly<Record<string, Pin>>): readonly PlanNode[] =>
  plan.nodes.filter((node) => !WITHOUT_TRACE.has(node.behaviour.kind) && pinOf(pins, node) === undefined);

/** @throws RiskflowError `usage` that names the nodes */
export function refuseActing(plan: Plan, pins: Readonly<Record<string, Pin>>): void {
  const acting = actingNodes(plan, pins);
  if (acting.length === 0) return;
  const named = acting.map(({ id, type, title }) => `"${title}" (${id}, ${type})`).join(', ');
  throw new RiskflowError(
    'usage',
    `a backtest may change nothing outside, but flow "${plan.flow}" would at ${acting.length === 1 ? 'node' : 'the nodes'} ${named}`,
    {
      hint: `give ${acting.length === 1 ? 'it a result' : 'them results'} with --pin PINS.json: {"${acting[0]?.id ?? 'NODE_ID'}": {"outputs": {…}}}`,
    },
  );
}
