import { hashJson, type Json } from '../../schemas/core.ts';

export type DefinitionNode = {
  readonly id: string;
  /** `data.type`: the kind of node. */
  readonly type: string;
  readonly parentId: string | null;
  /** The node's data as the file has it, encoded. */
  readonly data: Json;
  /** Everything else of the node (position, size), for export. */
  readonly layout: Json;
};

/** An imported flow: what the file says, in one normal form; its hash is the flow version. Secret values are left out. */
export type FlowDefinition = {
  readonly name: string;
  readonly mode: string;
  readonly dslVersion: string;
  readonly description: string;
  readonly nodes: readonly DefinitionNode[];
  readonly notes: readonly DefinitionNode[];
  readonly edges: readonly { readonly source: string; readonly target: string; readonly handle: string }[];
  readonly environment: readonly { readonly name: string; readonly type: string; readonly value: Json }[];
  readonly conversation: readonly { readonly name: string; readonly type: string; readonly value: Json }[];
  readonly features: Json;
};

/** SHA-256 of the canonical JSON: the name of the version. The format's own version is left out, since an export is in the newest. */
export const versionOf = ({ dslVersion: _, ...definition }: FlowDefinition): string => hashJson(definition);

/** What people call a node. */
export function nodeTitle({ id, data }: DefinitionNode): string {
  const title = typeof data === 'object' && data !== null && 'title' in data ? data.title : '';
  return typeof title === 'string' && title !== '' ? title : id;
}

/** How a node is called in a sentence. */
export const nodeName = (node: DefinitionNode): string =>
  nodeTitle(node) === node.id ? `"${node.id}"` : `"${nodeTitle(node)}" (${node.id})`;

/** The same for all versions that run alike: without layout, titles, descriptions and notes. */
export function meaningOf(definition: FlowDefinition): string {
  const { nodes, edges, environment, conversation, mode } = definition;
  return hashJson({
    mode,
    edges,
    environment,
    conversation,
    nodes: nodes.map(({ id, type, parentId, data }) => ({ id, type, parentId, data: withoutKeys(data, COSMETIC) })),
  });
}

/** Keys of a node's data that change nothing but its looks. */
export const COSMETIC: ReadonlySet<string> = new Set(['title', 'desc', 'selected', 'width', 'height']);
const NO_MEANING: ReadonlySet<string> = new Set([...COSMETIC, 'retry_config', 'error_strategy', 'default_value']);

/** Hash of what a node asks for, without what does not change the asking: title, position, retry and what follows an error. */
export const nodeMeaning = (type: string, data: Json): string => hashJson({ type, data: withoutKeys(data, NO_MEANING) });

function withoutKeys(data: Json, keys: ReadonlySet<string>): Json {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([key]) => !keys.has(key)));
}
