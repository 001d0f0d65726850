import type { DefinitionNode, FlowDefinition } from '../import/definition.ts';
import type { PlanEdge } from './plan.ts';

export type GraphResult =
  | {
      readonly ok: true;
      readonly nodes: readonly DefinitionNode[];
      readonly edges: readonly PlanEdge[];
      readonly root: number;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

const ROOT_TYPES: ReadonlySet<string> = new Set(['start', 'trigger-webhook', 'trigger-schedule', 'trigger-plugin', 'datasource']);

/** One root, no cycle, no edge into nothing; nodes which the root does not reach are left out with a warning. */
export function checkGraph(outer: readonly DefinitionNode[], definition: FlowDefinition): GraphResult {
  const ids = new Set<string>();
  for (const node of definition.nodes) {
    if (ids.has(node.id)) return { ok: false, message: `two nodes have the id "${node.id}"` };
    ids.add(node.id);
  }
  for (const edge of definition.edges) {
    const missing = [edge.source, edge.target].find((id) => !ids.has(id));
    if (missing !== undefined)
      return { ok: false, message: `an edge from "${edge.source}" to "${edge.target}" names the node "${missing}", which does not exist` };
  }
  const roots = outer.filter((node) => ROOT_TYPES.has(node.type));
  const root = roots[0];
  if (root === undefined) return { ok: false, message: 'the graph has no start node' };
  if (roots.length > 1)
    return {
      ok: false,
      message: `the graph has ${roots.length} start nodes (${roots.map((node) => node.id).join(', ')}): exactly one is needed`,
    };
  return reachable(root, outer, definition);
}

function reachable(root: DefinitionNode, outer: readonly DefinitionNode[], definition: FlowDefinition): GraphResult {
  const outerIds = new Set(outer.map((node) => node.id));
  const targets = new Map<string, string[]>();
  for (const edge of definition.edges) {
    if (!outerIds.has(edge.source) || !outerIds.has(edge.target)) continue;
    targets.set(edge.source, [...(targets.get(edge.source) ?? []), edge.target]);
  }
  const reached = new Set<string>([root.id]);
  for (const id of reached) for (const target of targets.get(id) ?? []) reached.add(target);
  const nodes = outer.filter((node) => reached.has(node.id));
  const index = new Map(nodes.map((node, i) => [node.id, i]));
  const edges = definition.edges.flatMap((edge): readonly PlanEdge[] => {
    const [source, target] = [index.get(edge.source), index.get(edge.target)];
    return source === undefined || target === undefined ? [] : [{ source, target, handle: edge.handle }];
  });
  const cycle = findCycle(nodes.length, edges);
  if (cycle !== null)
    return { ok: false, message: `the graph has a cycle through node "${nodes[cycle]?.id ?? ''}": use a loop node to repeat steps` };
  const left = outer.filter((node) => !reached.has(node.id));
  const warnings = left.map((node) => `node "${node.id}" (${node.type}) is not connected to the start node and never runs`);
  return { ok: true, nodes, edges, root: index.get(root.id) ?? 0, warnings };
}

/** Kahn's algorithm: a node that cannot be ordered lies on a cycle or behind one. */
function findCycle(size: number, edges: readonly PlanEdge[]): number | null {
  const waiting = new Array<number>(size).fill(0);
  const outgoing = Array.from({ length: size }, (): number[] => []);
  for (const edge of edges) {
    waiting[edge.target] = (waiting[edge.target] ?? 0) + 1;
    outgoing[edge.source]?.push(edge.target);
  }
  const ordered = waiting.flatMap((count, node) => (count === 0 ? [node] : []));
  for (const node of ordered) {
    for (const target of outgoing[node] ?? []) {
      const left = (waiting[target] ?? 0) - 1;
      waiting[target] = left;
      if (left === 0) ordered.push(target);
    }
  }
  return ordered.length === size ? null : waiting.findIndex((count) => count > 0);
}
