import { decodeValue, isObject } from '../../schemas/core.ts';
import { nodeMeaning, type DefinitionNode, type FlowDefinition } from '../import/definition.ts';
import { traitsOf } from '../nodes/kinds.ts';
import { compileNode } from './compile-node.ts';
import { checkGraph, type Graph } from './graph.ts';
import type { FlowIssue } from './issue.ts';
import type { Plan, PlanEdge, PlanNode } from './plan.ts';
import { referenceWarnings } from './references.ts';

export type CompileResult =
  | { readonly ok: true; readonly plan: Plan; readonly warnings: readonly string[]; readonly issues: readonly FlowIssue[] }
  | { readonly ok: false; /** The first error, with its node's name. */ readonly message: string; readonly issues: readonly FlowIssue[] };

/**
 * Compiles a definition for running. Fails on a broken graph (edge ends missing, cycle, not one root) and on node data that
 * cannot be read; a node of a kind this version cannot run is a warning, and an error of the run that reaches it.
 */
export function compilePlan(definition: FlowDefinition, flowVersion: string, planVersion: number): CompileResult {
  const graph = checkGraph(definition);
  if (!graph.ok) {
    // The nodes are looked at all the same: whoever mends the graph wants to know the rest too.
    const { issues } = compileNodes(
      definition.nodes.map((node) => ({ node, scope: 0, slot: 0, body: null })),
      [],
    );
    const broken: FlowIssue = { severity: 'error', nodeId: graph.nodeId ?? null, message: graph.message };
    return { ok: false, message: graph.message, issues: [broken, ...issues] };
  }
  const { nodes, issues } = compileNodes(graph.nodes, graph.edges);
  const all: FlowIssue[] = [...graph.warnings.map((message): FlowIssue => ({ severity: 'warning', nodeId: null, message })), ...issues];
  const named = namesOf(definition);
  const error = all.find((issue) => issue.severity === 'error');
  if (error !== undefined) return { ok: false, message: inWords(error, named), issues: all };
  const plan = planOf(definition, graph, nodes, { flowVersion, planVersion });
  const everything = [...all, ...referenceWarnings(plan, definition)];
  return { ok: true, plan, issues: everything, warnings: everything.map((issue) => inWords(issue, named)) };
}

/** An issue in one sentence, with the name of its node. */
const inWords = ({ nodeId, message }: FlowIssue, named: ReadonlyMap<string, string>): string =>
  nodeId === null ? message : `node ${named.get(nodeId) ?? `"${nodeId}"`}: ${message}`;

function compileNodes(
  graphNodes: Graph['nodes'],
  edges: readonly PlanEdge[],
): { readonly nodes: readonly PlanNode[]; readonly issues: readonly FlowIssue[] } {
  const outgoing: number[][] = graphNodes.map(() => []);
  const incoming: number[][] = graphNodes.map(() => []);
  for (const [at, edge] of edges.entries()) {
    outgoing[edge.source]?.push(at);
    incoming[edge.target]?.push(at);
  }
  const nodes: PlanNode[] = [];
  const issues: FlowIssue[] = [];
  for (const [at, { node, scope, slot, body }] of graphNodes.entries()) {
    const compiled = compileNode(node);
    if (!compiled.ok) {
      issues.push({ severity: 'error', nodeId: node.id, message: compiled.message });
      continue;
    }
    issues.push(...compiled.warnings.map((message): FlowIssue => ({ severity: 'warning', nodeId: node.id, message })));
    nodes.push({
      id: node.id,
      type: node.type,
      title: titleOf(node),
      ...compiled.node,
      meaning: nodeMeaning(node.type, node.data),
      scope,
      slot,
      body,
      outgoing: outgoing[at] ?? [],
      incoming: incoming[at] ?? [],
    });
  }
  return { nodes, issues };
}

function planOf(
  definition: FlowDefinition,
  graph: Graph,
  nodes: readonly PlanNode[],
  versions: Pick<Plan, 'flowVersion' | 'planVersion'>,
): Plan {
  const secrets = new Set(definition.environment.filter((variable) => variable.type === 'secret').map((variable) => variable.name));
  return {
    ...versions,
    flow: definition.name,
    mode: definition.mode,
    nodes,
    edges: graph.edges,
    scopes: graph.scopes,
    root: graph.scopes[0]?.root ?? 0,
    environment: Object.fromEntries(
      definition.environment.map((variable) => [
        variable.name,
        secrets.has(variable.name) ? { secret: variable.name } : { value: variable.value },
      ]),
    ),
    conversation: Object.fromEntries(definition.conversation.map((variable) => [variable.name, variable.value])),
    conversationTypes: Object.fromEntries(definition.conversation.map((variable) => [variable.name, variable.type])),
    hasSecrets: secrets.size > 0,
    mayWait: nodes.some((node) => traitsOf(node.behaviour.kind).needs === 'wait'),
  };
}

function titleOf(node: DefinitionNode): string {
  const data = decodeValue(node.data);
  const title = isObject(data) ? data.get('title') : null;
  return typeof title === 'string' && title !== '' ? title : node.id;
}

/** How a node is called in a sentence. */
const namesOf = ({ nodes }: FlowDefinition): ReadonlyMap<string, string> =>
  new Map(
    nodes.map((node) => {
      const title = titleOf(node);
      return [node.id, title === node.id ? `"${node.id}"` : `"${title}" (${node.id})`];
    }),
  );
