import type { ArgumentNodes, ExpressionNode, ParameterNode, StatementNode, TargetNode } from './tree.ts';

export type AnyNode = StatementNode | ExpressionNode | TargetNode;

const ofArguments = ({ positional, named, list, map }: ArgumentNodes): readonly AnyNode[] => [
  ...positional,
  ...named.map(([, value]) => value),
  ...present(list),
  ...present(map),
];
const ofParameters = (parameters: readonly ParameterNode[]): readonly AnyNode[] => [
  ...parameters.map(({ name }) => name),
  ...parameters.flatMap((parameter) => present(parameter.default)),
];
const present = (node: ExpressionNode | null): readonly ExpressionNode[] => (node === null ? [] : [node]);

/** The parts of a node in the order in which Jinja looks at them. */
export function childrenOf(node: AnyNode): readonly AnyNode[] {
  switch (node.k) {
    case 'text':
    case 'name':
    case 'namespace':
    case 'constant':
    case 'float':
    case 'integer':
      return [];
    case 'print':
      return [node.value];
    case 'if':
      return [node.test, ...node.body, ...node.elifs, ...node.otherwise];
    case 'for':
      return [node.target, node.iterable, ...node.body, ...node.otherwise, ...present(node.test)];
    case 'set':
      return [node.target, node.value];
    case 'set-block':
      return [node.target, ...present(node.filter), ...node.body];
    case 'macro':
      return [...ofParameters(node.parameters), ...node.body];
    case 'call-block':
      return [node.call, ...ofParameters(node.parameters), ...node.body];
    case 'filter-block':
      return [...node.body, node.filter];
    case 'with':
      return [...node.targets, ...node.values, ...node.body];
    case 'tuple':
    case 'list':
      return node.items;
    case 'dict':
      return node.entries.flat();
    case 'attribute':
    case 'not':
    case 'negate':
    case 'plus':
      return [node.of];
    case 'item':
      return [node.of, node.at];
    case 'slice':
      return [node.of, ...present(node.start), ...present(node.stop), ...present(node.step)];
    case 'call':
    case 'test':
      return [node.of, ...ofArguments(node.args)];
    case 'filter':
      return [...present(node.of), ...ofArguments(node.args)];
    case 'and':
    case 'or':
    case 'binary':
      return [node.left, node.right];
    case 'join':
      return node.parts;
    case 'compare':
      return [node.first, ...node.rest.map(({ value }) => value)];
    case 'choice':
      return [node.test, node.then, ...present(node.otherwise)];
  }
}

/** Which of the names are read somewhere below the nodes before they are assigned. */
export function undeclaredNames(nodes: readonly AnyNode[], names: readonly string[]): ReadonlySet<string> {
  const open = new Set(names);
  const found = new Set<string>();
  const visit = (node: AnyNode): void => {
    if (node.k === 'name') {
      if (node.use === 'load' && open.has(node.name)) found.add(node.name);
      else open.delete(node.name);
    }
    for (const child of childrenOf(node)) visit(child);
  };
  for (const node of nodes) visit(node);
  return found;
}

/** The first node, in any order, deeper than `limit` levels; looks without recursion. */
export function findTooDeep(nodes: readonly AnyNode[], limit: number): AnyNode | undefined {
  const pending: [AnyNode, number][] = nodes.map((node) => [node, 1]);
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const [node, depth] = entry;
    if (depth > limit) return node;
    for (const child of childrenOf(node)) pending.push([child, depth + 1]);
  }
  return undefined;
}
