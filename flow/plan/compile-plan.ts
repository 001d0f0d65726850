import { decodeValue, isObject } from '../../schemas/core.ts';
import { nodeMeaning, type DefinitionNode, type FlowDefinition } from '../import/definition.ts';
import { compileNode } from './compile-node.ts';
import { checkGraph } from './graph.ts';
import type { Plan, PlanEdge, PlanNode } from './plan.ts';
import { referenceWarnings } from './references.ts';

export type CompileResult =
  { readonly ok: true; readonly plan: Plan; readonly warnings: readonly string[] } | { readonly ok: false; readonly message: string };

/**
 * Compiles a definition for running. Fails on a broken graph (edge ends missing, cycle, not one root) and on node data that
 * cannot be read; a node of a kind this version cannot run is a warning, and an error of the run that reaches it.
 */
export function compilePlan(definition: FlowDefinition, flowVersion: string, planVersion: number): CompileResult {
  const outer = definition.nodes.filter((node) => node.parentId === null);
  const graph = checkGraph(outer, definition);
  if (!graph.ok) return graph;
  const warnings: string[] = [...graph.warnings];
  const secrets = new Set(definition.environment.filter((variable) => variable.type === 'secret').map((variable) => variable.name));
  const nodes: PlanNode[] = [];
  for (const [index, node] of graph.nodes.entries()) {
    const compiled = compileNode(node);
    if (!compiled.ok) return { ok: false, message: `node ${nodeName(node)}: ${compiled.message}` };
    warnings.push(...compiled.warnings.map((warning) => `node ${nodeName(node)}: ${warning}`));
    nodes.push({
      id: node.id,
      type: node.type,
      title: titleOf(node),
      ...compiled.node,
      meaning: nodeMeaning(node.type, node.data),
      outgoing: indexesWhere(graph.edges, (edge) => edge.source === index),
      incoming: indexesWhere(graph.edges, (edge) => edge.target === index),
    });
  }
  const plan: Plan = {
    planVersion,
    flow: definition.name,
    flowVersion,
    mode: definition.mode,
    nodes,
    edges: graph.edges,
    root: graph.root,
    environment: Object.fromEntries(
      definition.environment.map((variable) => [
        variable.name,
        secrets.has(variable.name) ? { secret: variable.name } : { value: variable.value },
      ]),
    ),
    conversation: Object.fromEntries(definition.conversation.map((variable) => [variable.name, variable.value])),
    hasSecrets: secrets.size > 0,
    mayWait: nodes.some((node) => node.type === 'human-input'),
  };
  return { ok: true, plan, warnings: [...warnings, ...referenceWarnings(plan, definition)] };
}

function indexesWhere(edges: readonly PlanEdge[], test: (edge: PlanEdge) => boolean): readonly number[] {
  return edges.flatMap((edge, i) => (test(edge) ? [i] : []));
}

function titleOf(node: DefinitionNode): string {
  const data = decodeValue(node.data);
  const title = isObject(data) ? data.get('title') : null;
  return typeof title === 'string' && title !== '' ? title : node.id;
}

const nodeName = (node: DefinitionNode): string => {
  const title = titleOf(node);
  return title === node.id ? `"${node.id}"` : `"${title}" (${node.id})`;
};
