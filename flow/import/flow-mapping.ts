import { decodeValue, encodeValue, isArray, isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import type { DefinitionNode, FlowDefinition } from './definition.ts';
import { textAt } from './value-reading.ts';

/** What stands here for the models, knowledge bases and tools that a file names. Keys that the file does not name are ignored. */
export type FlowMapping = {
  /** By `provider/name`, as the node has it. */
  readonly models?: Readonly<Record<string, { readonly provider: string; readonly name: string }>>;
  /** Knowledge bases, by the id in the file, to the name or id of one here. */
  readonly datasets?: Readonly<Record<string, string>>;
  /** By `provider_id/tool_name`, to another of the same form. */
  readonly tools?: Readonly<Record<string, string>>;
};

/** What a node names that lies outside of the flow. */
export type NodeNeeds = {
  readonly node: DefinitionNode;
  readonly models: readonly { readonly provider: string; readonly name: string }[];
  readonly datasets: readonly string[];
  readonly tools: readonly string[];
};

/** Everything outside that the nodes name, node by node. */
export const needsOf = (definition: FlowDefinition): readonly NodeNeeds[] =>
  definition.nodes.flatMap((node): readonly NodeNeeds[] => {
    const models = new Map<string, { readonly provider: string; readonly name: string }>();
    const [datasets, tools] = [new Set<string>(), new Set<string>()];
    visitNode(node, {
      model: (name, model, keys) => {
        models.set(name, { provider: textAt(model, 'provider'), name: textAt(model, keys.name) });
        return model;
      },
      dataset: (id) => {
        datasets.add(id);
        return id;
      },
      tool: (name, tool) => {
        tools.add(name);
        return tool;
      },
    });
    const found = { node, models: [...models.values()], datasets: [...datasets], tools: [...tools] };
    return found.models.length + found.datasets.length + found.tools.length === 0 ? [] : [found];
  });

/** The flow as it is with what stands here: the version says which knowledge bases and tools are used. */
export function mapDefinition(definition: FlowDefinition, { models = {}, datasets = {}, tools = {} }: FlowMapping): FlowDefinition {
  const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
    Object.hasOwn(record, key) ? record[key] : undefined;
  return {
    ...definition,
    nodes: definition.nodes.map((node) =>
      visitNode(node, {
        model: (name, model, keys) => {
          const to = own(models, name);
          return to === undefined ? model : new Map<string, Value>([...model, ['provider', to.provider], [keys.name, to.name]]);
        },
        dataset: (id) => own(datasets, id) ?? id,
        tool: (name, tool, keys) => {
          const to = own(tools, name);
          const slash = to?.lastIndexOf('/') ?? -1;
          if (to === undefined || slash < 1) return tool;
          const provider = to.slice(0, slash);
          const renamed = keys.provider.filter((key) => tool.has(key)).map((key): [string, Value] => [key, provider]);
          return new Map<string, Value>([...tool, ...renamed, ['tool_name', to.slice(slash + 1)]]);
        },
      }),
    ),
  };
}

type Visitor = {
  readonly model: (name: string, model: ObjectValue, keys: { readonly name: string }) => ObjectValue;
  readonly dataset: (id: string) => string;
  readonly tool: (name: string, tool: ObjectValue, keys: { readonly provider: readonly string[] }) => ObjectValue;
};

/** Agents and nodes name the same things in different words. */
const TOOL_KEYS = { provider: ['provider_id', 'provider_name'] } as const;
const AGENT_TOOL_KEYS = { provider: ['provider_name', 'provider_id'] } as const;

function visitNode(node: DefinitionNode, visitor: Visitor): DefinitionNode {
  const before = decodeValue(node.data);
  if (!isObject(before)) return node;
  let data = changed(before, ['model'], (model) => visitModel(model, visitor, 'name'));
  data = changed(data, ['single_retrieval_config', 'model'], (model) => visitModel(model, visitor, 'name'));
  if (node.type === 'knowledge-retrieval') {
    data = changed(data, ['dataset_ids'], (ids) =>
      isArray(ids) ? ids.map((id) => (typeof id === 'string' ? visitor.dataset(id) : id)) : ids,
    );
  }
  if (node.type === 'tool') data = visitTool(data, visitor, TOOL_KEYS);
  if (node.type === 'agent') {
    data = changed(data, ['agent_parameters', 'model', 'value'], (model) => visitModel(model, visitor, 'model'));
    data = changed(data, ['agent_parameters', 'tools', 'value'], (tools) =>
      isArray(tools) ? tools.map((tool) => (isObject(tool) ? visitTool(tool, visitor, AGENT_TOOL_KEYS) : tool)) : tools,
    );
  }
  return data === before ? node : { ...node, data: encodeValue(data) };
}

function visitModel(model: Value, visitor: Visitor, key: string): Value {
  if (!isObject(model)) return model;
  return visitor.model(`${textAt(model, 'provider')}/${textAt(model, key)}`, model, { name: key });
}

function visitTool(tool: ObjectValue, visitor: Visitor, keys: { readonly provider: readonly string[] }): ObjectValue {
  const provider = keys.provider.map((key) => textAt(tool, key)).find((text) => text !== '') ?? '';
  const name = textAt(tool, 'tool_name');
  return provider === '' && name === '' ? tool : visitor.tool(`${provider}/${name}`, tool, keys);
}

/** The map with the value at a path replaced; the very same map when nothing changes. */
function changed(map: ObjectValue, [key = '', ...rest]: readonly string[], change: (value: Value) => Value): ObjectValue {
  const before = map.get(key);
  if (before === undefined || before === null) return map;
  const after = rest.length === 0 ? change(before) : isObject(before) ? changed(before, rest, change) : before;
  return after === before ? map : new Map([...map, [key, after]]);
}
