import { writtenBy } from '../nodes/assigner/writes.ts';
import type { Plan } from '../plan/plan.ts';
import { selectorsOf } from '../plan/references.ts';

/**
 * Edges that must have been taken before what lies behind them may be said: those of branches, those behind a node that writes what an
 * answer reads, and those behind an iteration or loop in which something is said.
 */
export function blockingEdges(plan: Plan): ReadonlySet<number> {
  const speaking = speakingScopes(plan);
  const said = new Set(
    plan.nodes.flatMap((node) =>
      node.behaviour.kind === 'answer' || node.behaviour.kind === 'end' ? selectorsOf(node).map(([ns, name]) => `${ns}.${name}`) : [],
    ),
  );
  const blocks = plan.nodes.map((node) => {
    if (node.branches || (node.body !== null && speaking.has(node.body))) return true;
    return node.behaviour.kind === 'assigner' && writtenBy(node.behaviour.config).some(([ns, name]) => said.has(`${ns}.${name}`));
  });
  return new Set(plan.edges.flatMap(({ source }, at) => (blocks[source] === true ? [at] : [])));
}

/** Scopes with an answer or end node in them, or in a scope within. */
function speakingScopes(plan: Plan): ReadonlySet<number> {
  const speaking = new Set(
    plan.nodes.filter(({ behaviour }) => behaviour.kind === 'answer' || behaviour.kind === 'end').map((node) => node.scope),
  );
  for (const scope of speaking) {
    const { container } = plan.scopes[scope] ?? { container: null };
    const around = container === null ? undefined : plan.nodes[container]?.scope;
    if (around !== undefined) speaking.add(around);
  }
  return speaking;
}
