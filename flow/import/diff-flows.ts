import type { Json } from '../../schemas/core.ts';
import { COSMETIC, nodeMeaning, nodeTitle, type DefinitionNode, type FlowDefinition } from './definition.ts';
import { changedFields, type FieldChange } from './field-changes.ts';

export type DiffedNode = { readonly id: string; readonly title: string; readonly type: string };
export type ChangedNode = DiffedNode & {
  /** Its id in B, where that is another. */
  readonly idAfter: string | null;
  readonly fields: readonly FieldChange[];
};
export type DiffedEdge = { readonly source: string; readonly target: string; readonly handle: string };
export type DiffedVariable = {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly fields: readonly FieldChange[];
};

/** What B does otherwise than A. Positions, titles, descriptions and notes are left aside; ids are those of A, of B for what is new. */
export type FlowDiff = {
  /** B means the same as A. */
  readonly same: boolean;
  readonly mode: { readonly before: string; readonly after: string } | null;
  readonly nodes: {
    readonly added: readonly DiffedNode[];
    readonly removed: readonly DiffedNode[];
    readonly changed: readonly ChangedNode[];
  };
  readonly edges: { readonly added: readonly DiffedEdge[]; readonly removed: readonly DiffedEdge[] };
  readonly environment: readonly DiffedVariable[];
  readonly conversation: readonly DiffedVariable[];
  readonly features: readonly FieldChange[];
};

/**
 * Nodes are the same when their ids are. Of the rest, those of equal meaning, and then those alone in having their type and title, are
 * taken for one node that got another id, and what names it (selectors, `{{#id.name#}}`) is read so.
 */
export function diffFlows(a: FlowDefinition, b: FlowDefinition): FlowDiff {
  const pairs = matchNodes(a, b);
  const idInA = new Map(Array.from(pairs, ([before, after]) => [after.id, before.id]));
  const rename = renamer(new Map([...idInA].filter(([from, to]) => from !== to)));
  const changed = Array.from(pairs, ([before, after]): ChangedNode => {
    const fields = changedFields(
      comparable(before, (json) => json),
      comparable(after, rename),
    );
    return { ...named(before), idAfter: before.id === after.id ? null : after.id, fields };
  }).filter(({ fields }) => fields.length > 0);
  const nodes = {
    added: b.nodes.filter(({ id }) => !idInA.has(id)).map(named),
    removed: a.nodes.filter((node) => !pairs.has(node)).map(named),
    changed,
  };
  const renamedEdge = ({ source, target, handle }: DiffedEdge): DiffedEdge => ({
    source: idInA.get(source) ?? source,
    target: idInA.get(target) ?? target,
    handle,
  });
  const edges = diffEdges(a.edges, b.edges.map(renamedEdge));
  const environment = diffVariables(a.environment, b.environment);
  const conversation = diffVariables(a.conversation, b.conversation);
  const features = changedFields(a.features, rename(b.features));
  const mode = a.mode === b.mode ? null : { before: a.mode, after: b.mode };
  const lists = [nodes.added, nodes.removed, changed, edges.added, edges.removed, environment, conversation, features];
  return { same: mode === null && lists.every((list) => list.length === 0), mode, nodes, edges, environment, conversation, features };
}

const named = (node: DefinitionNode): DiffedNode => ({ id: node.id, title: nodeTitle(node), type: node.type });

/** All of a node that means something; the layout's share of it is left out. */
const comparable = ({ type, parentId, data }: DefinitionNode, rename: (json: Json) => Json): Json => ({
  type,
  ...(parentId === null ? {} : { parentId: rename(parentId) }),
  ...(typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.entries(rename(data) ?? {}).filter(([key]) => key !== 'type' && !COSMETIC.has(key)))
    : { data: rename(data) }),
});

/** The node of B for each of A that has one. */
function matchNodes(a: FlowDefinition, b: FlowDefinition): ReadonlyMap<DefinitionNode, DefinitionNode> {
  const pairs = new Map<DefinitionNode, DefinitionNode>();
  const byId = new Map(b.nodes.map((node) => [node.id, node]));
  for (const node of a.nodes) {
    const other = byId.get(node.id);
    if (other?.type === node.type) pairs.set(node, other);
  }
  const keys: readonly ((node: DefinitionNode) => string)[] = [
    (node) => nodeMeaning(node.type, node.data),
    (node) => JSON.stringify([node.type, nodeTitle(node)]),
  ];
  for (const keyOf of keys) {
    const taken = new Set(pairs.values());
    const left = Map.groupBy(
      a.nodes.filter((node) => !pairs.has(node)),
      keyOf,
    );
    const right = Map.groupBy(
      b.nodes.filter((node) => !taken.has(node)),
      keyOf,
    );
    for (const [key, [node, ...others]] of left) {
      const [other, ...more] = right.get(key) ?? [];
      if (node !== undefined && other !== undefined && others.length === 0 && more.length === 0) pairs.set(node, other);
    }
  }
  return pairs;
}

/** Reads B's ids as A's in all texts that name a node. */
function renamer(ids: ReadonlyMap<string, string>): (json: Json) => Json {
  const rename = (json: Json): Json => {
    if (typeof json === 'string') return renameText(json, ids);
    if (Array.isArray(json)) return json.map(rename);
    if (typeof json !== 'object' || json === null) return json;
    return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, rename(item)]));
  };
  return ids.size === 0 ? (json) => json : rename;
}

const TOKEN = /\{\{#([^.#{}]+)(?=\.)/g;
const renameText = (text: string, ids: ReadonlyMap<string, string>): string =>
  ids.get(text) ?? text.replace(TOKEN, (whole, id: string) => (ids.has(id) ? `{{#${ids.get(id) ?? id}` : whole));

const edgeKey = ({ source, target, handle }: DiffedEdge): string => JSON.stringify([source, handle, target]);

/** Edges twice are one: they mean the same. */
function diffEdges(a: readonly DiffedEdge[], b: readonly DiffedEdge[]): FlowDiff['edges'] {
  const [before, after] = [a, b].map((edges) => new Map(edges.map((edge) => [edgeKey(edge), edge])));
  const without = (edges = new Map<string, DiffedEdge>(), others = new Map<string, DiffedEdge>()): readonly DiffedEdge[] =>
    [...edges].filter(([key]) => !others.has(key)).map(([, { source, target, handle }]) => ({ source, target, handle }));
  return { added: without(after, before), removed: without(before, after) };
}

function diffVariables(a: FlowDefinition['environment'], b: FlowDefinition['environment']): readonly DiffedVariable[] {
  const [before, after] = [a, b].map((variables) => new Map(variables.map((variable) => [variable.name, variable])));
  const names = [...new Set([...a, ...b].map(({ name }) => name))];
  return names.flatMap((name): readonly DiffedVariable[] => {
    const [old, now] = [before?.get(name), after?.get(name)];
    const fields = changedFields(plain(old), plain(now));
    if (fields.length === 0) return [];
    return [{ name, change: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed', fields }];
  });
}

const plain = (variable: FlowDefinition['environment'][number] | undefined): Json =>
  variable === undefined ? {} : { type: variable.type, value: variable.value };
