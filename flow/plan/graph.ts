import type { DefinitionNode, FlowDefinition } from '../import/definition.ts';
import type { PlanEdge, PlanScope } from './plan.ts';

export type GraphNode = { readonly node: DefinitionNode; readonly scope: number; readonly slot: number; readonly body: number | null };
export type Graph = {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly PlanEdge[];
  readonly scopes: readonly PlanScope[];
};
export type GraphResult =
  | ({ readonly ok: true; readonly warnings: readonly string[] } & Graph)
  | { readonly ok: false; readonly message: string; /** The node it is about. */ readonly nodeId?: string };

const ROOT_TYPES: ReadonlySet<string> = new Set(['start', 'trigger-webhook', 'trigger-schedule', 'trigger-plugin', 'datasource']);
const PASS_STARTS: ReadonlySet<string> = new Set(['iteration-start', 'loop-start']);
const CONTAINERS: ReadonlySet<string> = new Set(['iteration', 'loop']);
/** Iterations and loops within each other. Dify's editor allows one within another. */
const MAX_DEPTH = 10;

type Building = {
  readonly definition: FlowDefinition;
  readonly members: ReadonlyMap<string | null, readonly DefinitionNode[]>;
  readonly targets: ReadonlyMap<string, readonly FlowDefinition['edges'][number][]>;
  readonly nodes: GraphNode[];
  readonly edges: PlanEdge[];
  readonly scopes: PlanScope[];
  readonly warnings: string[];
};

/**
 * One root, no cycle, no edge into nothing; the same for what lies within each iteration and loop. Nodes that a root does not reach are
 * left out with a warning, and so are edges that cross the border of an iteration or loop.
 */
export function checkGraph(definition: FlowDefinition): GraphResult {
  const ids = new Set<string>();
  for (const node of definition.nodes) {
    if (ids.has(node.id)) return { ok: false, message: `two nodes have the id "${node.id}"`, nodeId: node.id };
    ids.add(node.id);
  }
  for (const edge of definition.edges) {
    const missing = [edge.source, edge.target].find((id) => !ids.has(id));
    if (missing !== undefined)
      return { ok: false, message: `an edge from "${edge.source}" to "${edge.target}" names the node "${missing}", which does not exist` };
  }
  const building: Building = {
    definition,
    members: membersOf(definition),
    targets: Map.groupBy(definition.edges, (edge) => edge.source),
    nodes: [],
    edges: [],
    scopes: [],
    warnings: [],
  };
  const outer = building.members.get(null) ?? [];
  const roots = outer.filter((node) => ROOT_TYPES.has(node.type));
  const starts = roots.filter((node) => node.type === 'start');
  const root = starts[0] ?? roots[0];
  if (root === undefined) return { ok: false, message: 'the graph has no start node' };
  if (starts.length > 1) {
    const named = starts.map((node) => node.id).join(', ');
    return { ok: false, message: `the graph has ${starts.length} start nodes (${named}): exactly one is needed` };
  }
  const others = roots.filter((node) => node !== root).map((node) => `"${node.id}" (${node.type})`);
  if (others.length > 0)
    building.warnings.push(`runs begin at "${root.id}" (${root.type}); what begins at ${others.join(', ')} and nowhere else never runs`);
  const failure = addScope(building, { container: null, root, members: outer, depth: 0 });
  if (failure !== null) return failure;
  const { nodes, edges, scopes, warnings } = building;
  return { ok: true, nodes, edges, scopes, warnings };
}

/** The nodes within each container; what names a parent that is none stands at the top. */
function membersOf(definition: FlowDefinition): Building['members'] {
  const containers = new Set(definition.nodes.filter((node) => CONTAINERS.has(node.type)).map((node) => node.id));
  return Map.groupBy(definition.nodes, (node) => (node.parentId !== null && containers.has(node.parentId) ? node.parentId : null));
}

type ScopeRequest = {
  readonly container: number | null;
  readonly root: DefinitionNode;
  readonly members: readonly DefinitionNode[];
  readonly depth: number;
};

function addScope(building: Building, { container, root, members, depth }: ScopeRequest): Extract<GraphResult, { ok: false }> | null {
  const { nodes, edges, scopes, targets, warnings } = building;
  if (depth > MAX_DEPTH)
    return { ok: false, message: `iterations and loops lie more than ${MAX_DEPTH} deep in each other`, nodeId: root.id };
  const inside = new Map(members.map((node) => [node.id, node]));
  const reached = new Set([root.id]);
  for (const id of reached) for (const edge of targets.get(id) ?? []) if (inside.has(edge.target)) reached.add(edge.target);
  const kept = members.filter((node) => reached.has(node.id));
  for (const node of members) if (!reached.has(node.id)) warnings.push(unreached(node, container === null));

  const scope = scopes.length;
  const first = nodes.length;
  const index = new Map(kept.map((node, slot) => [node.id, first + slot]));
  const own = kept.flatMap((node) => targets.get(node.id) ?? []).filter((edge) => index.has(edge.target));
  for (const node of kept)
    for (const edge of targets.get(node.id) ?? [])
      if (!inside.has(edge.target))
        warnings.push(`the edge from "${edge.source}" to "${edge.target}" crosses the border of an iteration or loop and is left out`);
  const local = own.map((edge, slot): PlanEdge => {
    const [source, target] = [index.get(edge.source) ?? first, index.get(edge.target) ?? first];
    return { source, target, handle: edge.handle, slot };
  });
  const cycle = findCycle(kept.length, local, first);
  if (cycle !== null) {
    const nodeId = kept[cycle]?.id ?? '';
    return { ok: false, message: `the graph has a cycle through node "${nodeId}": use a loop node to repeat steps`, nodeId };
  }
  scopes.push({ container, root: index.get(root.id) ?? first, nodeCount: kept.length, edgeCount: local.length });
  nodes.push(...kept.map((node, slot): GraphNode => ({ node, scope, slot, body: null })));
  edges.push(...local);
  for (const [slot, node] of kept.entries()) {
    if (!CONTAINERS.has(node.type)) continue;
    const failure = addBody(building, { node, at: first + slot, depth });
    if (failure !== null) return failure;
  }
  return null;
}

type BodyRequest = { readonly node: DefinitionNode; readonly at: number; readonly depth: number };

/** The nodes within an iteration or loop. One that is empty has no body, and fails when it is reached. */
function addBody(building: Building, { node, at, depth }: BodyRequest): Extract<GraphResult, { ok: false }> | null {
  const members = building.members.get(node.id) ?? [];
  const root = passRoot(node, members, building.definition);
  const own = building.nodes[at];
  if (root === undefined || own === undefined) return null;
  building.nodes[at] = { ...own, body: building.scopes.length };
  return addScope(building, { container: at, root, members, depth: depth + 1 });
}

/** Its start node; in old files the child that `start_node_id` names, or else the only one that no edge leads to. */
function passRoot(container: DefinitionNode, members: readonly DefinitionNode[], { edges }: FlowDefinition): DefinitionNode | undefined {
  const { data } = container;
  const named =
    typeof data === 'object' && data !== null && 'start_node_id' in data && typeof data.start_node_id !== 'object'
      ? String(data.start_node_id)
      : undefined;
  const ids = new Set(members.map((node) => node.id));
  const entered = new Set(edges.filter((edge) => ids.has(edge.source)).map((edge) => edge.target));
  return (
    members.find((node) => node.id === named) ??
    members.find((node) => PASS_STARTS.has(node.type)) ??
    members.find((node) => !entered.has(node.id))
  );
}

const unreached = (node: DefinitionNode, isOuter: boolean): string =>
  `node "${node.id}" (${node.type}) is not connected to the start ${isOuter ? 'node' : 'of its iteration or loop'} and never runs`;

/** Kahn's algorithm: a node that cannot be ordered lies on a cycle or behind one. `first` is the index of the scope's first node. */
function findCycle(size: number, edges: readonly PlanEdge[], first: number): number | null {
  const waiting = new Array<number>(size).fill(0);
  const outgoing = Array.from({ length: size }, (): number[] => []);
  for (const edge of edges) {
    waiting[edge.target - first] = (waiting[edge.target - first] ?? 0) + 1;
    outgoing[edge.source - first]?.push(edge.target - first);
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
