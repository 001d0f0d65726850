import { isObject, decodeValue, encodeValue, type ObjectValue, type Value } from '../../schemas/core.ts';
import type { DefinitionNode, FlowDefinition } from './definition.ts';

/** Distances of Dify's editor, in its pixels. */
const COLUMN = 304;
const ROW = 140;
const ORIGIN = { x: 80, y: 282 } as const;
const WITHIN = { x: 24, y: 68 } as const;

/** What Dify's editor draws a node as. */
const SHAPES: ReadonlyMap<string, string> = new Map([
  ['iteration-start', 'custom-iteration-start'],
  ['loop-start', 'custom-loop-start'],
]);

/**
 * Gives every node what Dify's editor cannot do without: a shape, and a position (columns by distance from the start, rows in the order of
 * the file; within its container for a child).
 */
export function withLayout(definition: FlowDefinition): FlowDefinition {
  const nodes = definition.nodes.map((node) => (layoutOf(node).has('type') ? node : shaped(node)));
  if (nodes.every(hasPosition)) return { ...definition, nodes };
  const columns = columnsOf(definition);
  const rows = new Map<string, number>();
  return {
    ...definition,
    nodes: nodes.map((node) => {
      const column = columns.get(node.id) ?? 0;
      const cell = JSON.stringify([node.parentId, column]);
      const row = rows.get(cell) ?? 0;
      rows.set(cell, row + 1);
      return hasPosition(node) ? node : placed(node, column, row);
    }),
  };
}

const shaped = (node: DefinitionNode): DefinitionNode => ({
  ...node,
  layout: encodeValue(new Map<string, Value>([...layoutOf(node), ['type', SHAPES.get(node.type) ?? 'custom']])),
});

function placed(node: DefinitionNode, column: number, row: number): DefinitionNode {
  const origin = node.parentId === null ? ORIGIN : WITHIN;
  const position: ObjectValue = new Map<string, Value>([
    ['x', origin.x + column * COLUMN],
    ['y', origin.y + row * ROW],
  ]);
  return { ...node, layout: encodeValue(new Map<string, Value>([...layoutOf(node), ['position', position]])) };
}

const layoutOf = ({ layout }: DefinitionNode): ObjectValue => {
  const value = decodeValue(layout);
  return isObject(value) ? value : new Map();
};

const hasPosition = (node: DefinitionNode): boolean => isObject(layoutOf(node).get('position') ?? null);

/** The length of the longest way to each node; nodes on a cycle stay where the way to it ends. */
function columnsOf({ nodes, edges }: FlowDefinition): ReadonlyMap<string, number> {
  const waiting = new Map(nodes.map((node) => [node.id, 0]));
  const targets = new Map<string, string[]>();
  for (const { source, target } of edges) {
    if (!waiting.has(source) || !waiting.has(target)) continue;
    waiting.set(target, (waiting.get(target) ?? 0) + 1);
    const known = targets.get(source);
    if (known === undefined) targets.set(source, [target]);
    else known.push(target);
  }
  const columns = new Map<string, number>();
  const ready = [...waiting].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (const id of ready) {
    const column = columns.get(id) ?? 0;
    for (const target of targets.get(id) ?? []) {
      columns.set(target, Math.max(columns.get(target) ?? 0, column + 1));
      const left = (waiting.get(target) ?? 0) - 1;
      waiting.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return columns;
}
