import { decodeValue, hashJson, isObject, type Json, type ObjectValue, type Value } from '../../schemas/core.ts';
import type { DefinitionNode, FlowDefinition } from './definition.ts';
import { KNOWN_DSL_VERSION } from './read-app.ts';
import { yamlText } from './yaml-text.ts';

/**
 * The text of a DSL file that Dify accepts and that has the flow's version when it is imported here again. Values of secrets are blank.
 * The icon and what else Riskflow does not keep of a file are Dify's defaults.
 */
export function exportFlow(definition: FlowDefinition): string {
  const { name, mode, description } = definition;
  const kinds = new Map(definition.nodes.map((node) => [node.id, node]));
  const graph = map({
    edges: definition.edges.map((edge, i) => exportEdge(edge, i, kinds)),
    nodes: [...definition.nodes, ...definition.notes].map(exportNode),
    viewport: map({ x: 0, y: 0, zoom: 1 }),
  });
  const workflow = map({
    conversation_variables: definition.conversation.map((variable) => exportVariable(variable, 'conversation', name)),
    environment_variables: definition.environment.map((variable) => exportVariable(variable, 'env', name)),
    features: decodeValue(definition.features),
    graph,
  });
  const app = map({
    description,
    icon: '🤖',
    icon_background: '#FFEAD5',
    icon_type: 'emoji',
    mode,
    name,
    use_icon_as_answer_icon: false,
  });
  return yamlText(map({ app, dependencies: [], kind: 'app', version: KNOWN_DSL_VERSION, workflow }));
}

const map = (entries: Readonly<Record<string, Value>>): ObjectValue => new Map(Object.entries(entries));
const objectOf = (json: Json): ObjectValue => {
  const value = decodeValue(json);
  return isObject(value) ? value : new Map();
};

function exportNode({ id, parentId, data, layout }: DefinitionNode): Value {
  const own: [string, Value][] = [
    ['data', decodeValue(data)],
    ['id', id],
  ];
  if (parentId !== null) own.push(['parentId', parentId]);
  return new Map<string, Value>([...own, ...objectOf(layout)]);
}

type Edge = FlowDefinition['edges'][number];

/** What the editor of Dify notes of an edge besides its ends follows from the nodes. */
function exportEdge({ source, target, handle }: Edge, index: number, nodes: ReadonlyMap<string, DefinitionNode>): Value {
  const container = nodes.get(nodes.get(source)?.parentId ?? '');
  const within = (type: string): boolean => container?.type === type && nodes.get(target)?.parentId === container.id;
  const [isInIteration, isInLoop] = [within('iteration'), within('loop')];
  const data = new Map<string, Value>([
    ['isInIteration', isInIteration],
    ['isInLoop', isInLoop],
    ['sourceType', nodes.get(source)?.type ?? ''],
    ['targetType', nodes.get(target)?.type ?? ''],
  ]);
  if (container !== undefined && isInIteration) data.set('iteration_id', container.id);
  if (container !== undefined && isInLoop) data.set('loop_id', container.id);
  const id = `${source}-${handle}-${target}-target${index === 0 ? '' : `-${index}`}`;
  return map({
    data,
    id,
    source,
    sourceHandle: handle,
    target,
    targetHandle: 'target',
    type: 'custom',
    zIndex: isInIteration || isInLoop ? 1002 : 0,
  });
}

type Variable = FlowDefinition['environment'][number];

function exportVariable({ name, type, value }: Variable, namespace: 'env' | 'conversation', flow: string): Value {
  return map({
    description: '',
    id: stableId(`${flow}/${namespace}/${name}`),
    name,
    selector: [namespace, name],
    value: type === 'secret' && namespace === 'env' ? '' : decodeValue(value),
    value_type: type,
  });
}

/** The same text always has the same id, in the form of a UUID (version 8 of RFC 9562: of one's own making). */
function stableId(text: string): string {
  const hex = hashJson(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
