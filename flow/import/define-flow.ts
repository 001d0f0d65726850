import { encodeValue, isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import { dslEdgeSchema, dslNodeSchema, dslVariableSchema, type DslEdge, type DslNode, type DslVariable } from '../../schemas/index.ts';
import type { FlowIssue } from '../plan/issue.ts';
import type { DefinitionNode, FlowDefinition } from './definition.ts';
import { allIssues } from './issues.ts';
import { withLayout } from './layout.ts';
import type { AppFile } from './read-app.ts';
import { at, textAt } from './value-reading.ts';
import { toYamlPlain, valueOfPlain, type YamlPlain } from './yaml-values.ts';

export type Defined = { readonly definition: FlowDefinition; readonly issues: readonly FlowIssue[] };

/**
 * The normal form of an app. What of it cannot be read is an issue (of its node, where there is one) and left out, so that the rest can
 * still be checked.
 */
export function defineFlow({ head, mode, workflow, issues: known }: AppFile, flowName: string | undefined): Defined {
  const issues: FlowIssue[] = [...known];
  const graph = workflow.get('graph') ?? null;
  if (!isObject(graph)) issues.push(error('workflow.graph: a mapping with "nodes" and "edges" was expected'));
  const rawNodes = entries(graph, 'nodes', ['workflow', 'graph', 'nodes'], issues);
  const rawEdges = entries(graph, 'edges', ['workflow', 'graph', 'edges'], issues);
  const edges = readAll<DslEdge>(dslEdgeSchema, rawEdges, issues).map(({ item }) => item);
  const parents = parentsByEdges(edges);
  const nodes = readAll<DslNode>(dslNodeSchema, rawNodes, issues).map(({ item, raw }) => defineNode(item, raw, parents));
  const environment = variables(workflow, 'environment_variables', issues);
  const conversation = variables(workflow, 'conversation_variables', issues);
  for (const variable of environment) {
    if (variable.value_type === 'secret' && variable.value !== '' && variable.value !== null && variable.value !== undefined) {
      const where = `secrets are read from RISKFLOW_SECRET_${variable.name} when the flow runs`;
      issues.push({ severity: 'warning', nodeId: null, message: `the value of secret "${variable.name}" was not imported: ${where}` });
    }
  }
  const definition: FlowDefinition = {
    name: flowName ?? (head.app.name === '' ? 'unnamed' : head.app.name),
    mode,
    dslVersion: head.version,
    description: head.app.description,
    nodes: nodes.filter((node) => node.type !== ''),
    notes: nodes.filter((node) => node.type === ''),
    edges: edges.map((edge) => ({ source: edge.source, target: edge.target, handle: edge.sourceHandle ?? 'source' })),
    environment: environment.map((variable) => ({
      name: variable.name,
      type: variable.value_type ?? 'string',
      value: variable.value_type === 'secret' ? null : encodeValue(environmentValue(variable)),
    })),
    conversation: conversation.map((variable) => ({
      name: variable.name,
      type: variable.value_type ?? 'string',
      value: encodeValue(valueOfPlain(variable.value)),
    })),
    features: encodeValue(isObject(at(workflow, 'features')) ? at(workflow, 'features') : new Map()),
  };
  return { definition: withLayout(definition), issues };
}

const error = (message: string, nodeId: string | null = null): FlowIssue => ({ severity: 'error', nodeId, message });

type Entry = { readonly raw: Value; readonly place: readonly PropertyKey[] };

/** The items of a list in the file; absent and null are an empty list, as Dify writes them. */
function entries(value: Value, name: string, place: readonly PropertyKey[], issues: FlowIssue[]): readonly Entry[] {
  const list = at(value, name);
  if (list === null) return [];
  if (!Array.isArray(list)) {
    issues.push(error(`${place.join('.')}: a list was expected`));
    return [];
  }
  return list.map((raw: Value, i): Entry => ({ raw, place: [...place, i] }));
}

type Schema<T> = { safeParse(data: YamlPlain): { success: true; data: T } | { success: false; error: Parameters<typeof allIssues>[0] } };

function readAll<T>(schema: Schema<T>, list: readonly Entry[], issues: FlowIssue[]): readonly { readonly item: T; readonly raw: Value }[] {
  return list.flatMap(({ raw, place }) => {
    const parsed = schema.safeParse(toYamlPlain(raw));
    if (parsed.success) return [{ item: parsed.data, raw }];
    const id = textAt(raw, 'id');
    const isNode = place[2] === 'nodes' && id !== '';
    issues.push(...allIssues(parsed.error, place).map((message) => error(message, isNode ? id : null)));
    return [];
  });
}

const variables = (workflow: ObjectValue, name: string, issues: FlowIssue[]): readonly DslVariable[] =>
  readAll<DslVariable>(dslVariableSchema, entries(workflow, name, ['workflow', name], issues), issues).map(({ item }) => item);

/** Dify writes no text as "", and refuses null when it reads. */
const environmentValue = ({ value, value_type: type }: DslVariable): Value =>
  valueOfPlain(value ?? ((type ?? 'string') === 'string' ? '' : null));

function defineNode(node: DslNode, raw: Value, parents: ReadonlyMap<string, string>): DefinitionNode {
  const rawNode: ObjectValue = isObject(raw) ? raw : new Map<string, Value>();
  const layout = new Map([...rawNode].filter(([key]) => key !== 'id' && key !== 'data' && key !== 'parentId'));
  const parent = node.parentId ?? parentOf(rawNode.get('data')) ?? parents.get(node.id) ?? null;
  return {
    id: node.id,
    type: node.type === 'custom-note' ? '' : (node.data.type ?? ''),
    parentId: parent === node.id ? null : parent,
    data: encodeValue(rawNode.get('data') ?? null),
    layout: encodeValue(layout),
  };
}

/** Old files name the enclosing container in the node's data. */
function parentOf(data: Value | undefined): string | null {
  const iteration = textAt(data, 'iteration_id');
  const loop = textAt(data, 'loop_id');
  return iteration === '' ? (loop === '' ? null : loop) : iteration;
}

/** Or only in the data of the edges between nodes within it. */
function parentsByEdges(edges: readonly DslEdge[]): ReadonlyMap<string, string> {
  const parents = new Map<string, string>();
  for (const { source, target, data } of edges) {
    const container = data?.iteration_id ?? data?.loop_id ?? '';
    if (container === '' || source === container || target === container) continue;
    parents.set(source, container);
    parents.set(target, container);
  }
  return parents;
}
