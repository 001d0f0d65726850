import type { TokenCursor } from './cursor.ts';
import { parsePrimary, parseTuple, type TupleEnd } from './parse-expression.ts';
import { isConstantName } from './parse-literal.ts';
import type { ExpressionNode, NameNode, TargetNode } from './tree.ts';

type TargetOptions = {
  readonly use?: 'store' | 'parameter';
  readonly endsAt?: TupleEnd;
  /** Whether `namespace.attribute` can be assigned to. */
  readonly namespaces?: boolean;
};

/** What is assigned to: a name, several in a tuple, or an attribute of a namespace. */
export function parseTarget(cursor: TokenCursor, options: TargetOptions = {}): TargetNode {
  const { offset } = cursor.current;
  const { use = 'store', namespaces = false } = options;
  const spaces = new Map<ExpressionNode, string>();
  const item = (): ExpressionNode => {
    const isAttribute = namespaces && cursor.is('name') && !isConstantName(cursor.current.text) && cursor.following.type === '.';
    const node = parsePrimary(cursor);
    if (isAttribute) {
      cursor.next();
      spaces.set(node, cursor.expect('name', 'the name of an attribute').text);
    }
    return node;
  };
  const node = parseTuple(cursor, { item, ...(options.endsAt === undefined ? {} : { endsAt: options.endsAt }) });
  const target = asTarget(node, spaces, use);
  return target ?? cursor.fail('only names can be assigned to', offset);
}

export function parseTargetName(cursor: TokenCursor): NameNode {
  const token = cursor.expect('name', 'a name');
  if (isConstantName(token.text)) cursor.fail(`"${token.text}" cannot be assigned to`, token.offset);
  return { k: 'name', name: token.text, use: 'store', offset: token.offset };
}

function asTarget(node: ExpressionNode, spaces: ReadonlyMap<ExpressionNode, string>, use: NameNode['use']): TargetNode | undefined {
  if (node.k === 'name') {
    const attribute = spaces.get(node);
    const { name, offset } = node;
    return attribute === undefined ? { k: 'name', name, use, offset } : { k: 'namespace', name, attribute, offset };
  }
  if (node.k !== 'tuple') return undefined;
  const items: TargetNode[] = [];
  for (const child of node.items) {
    const item = asTarget(child, spaces, use);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return { k: 'tuple', items, offset: node.offset };
}
