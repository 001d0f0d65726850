import { importFlow, type ImportedFlow } from '../index.ts';

export type TestNode = { readonly id: string; readonly type: string; readonly [key: string]: unknown };
/** `"a -> b"`, or `"a:handle -> b"`. */
export type TestEdge = `${string} -> ${string}`;

/** The text of a DSL file (JSON is YAML) with these nodes and edges. */
export function dslText(
  nodes: readonly TestNode[],
  edges: readonly TestEdge[],
  extra: { readonly mode?: string; readonly environment?: readonly unknown[]; readonly conversation?: readonly unknown[] } = {},
): string {
  return JSON.stringify({
    version: '0.6.0',
    kind: 'app',
    app: { name: 'test', mode: extra.mode ?? 'workflow' },
    workflow: {
      environment_variables: extra.environment ?? [],
      conversation_variables: extra.conversation ?? [],
      features: {},
      graph: {
        nodes: nodes.map(({ id, parentId, ...data }) => ({
          id,
          type: 'custom',
          ...(parentId === undefined ? {} : { parentId }),
          data: { title: id, ...data },
        })),
        edges: edges.map((edge) => {
          const [from = '', target = ''] = edge.split(' -> ');
          const [source = '', sourceHandle = 'source'] = from.split(':');
          return { source, sourceHandle, target };
        }),
      },
    },
  });
}

/** Imports it. @throws Error with the import's message. */
export function flowOf(nodes: readonly TestNode[], edges: readonly TestEdge[], extra: Parameters<typeof dslText>[2] = {}): ImportedFlow {
  const imported = importFlow(dslText(nodes, edges, extra));
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow;
}

/** Names of inputs as start variables of type `json`-free text, none required. */
export const startNode = (...names: readonly string[]): TestNode => ({
  id: 'start',
  type: 'start',
  variables: names.map((variable) => ({ variable, label: variable, type: 'paragraph', required: false })),
});
