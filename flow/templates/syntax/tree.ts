import type { BinaryOperator, CompareOperator } from './ast.ts';

/**
 * The template as it is written, before names are resolved. `offset` is the place in the source. `name` nodes say what they do:
 * read a variable, store one, or name a parameter.
 */
export type NameNode = { readonly k: 'name'; readonly name: string; readonly use: 'load' | 'store' | 'parameter'; readonly offset: number };
export type NamespaceNode = { readonly k: 'namespace'; readonly name: string; readonly attribute: string; readonly offset: number };
export type TargetNode = NameNode | NamespaceNode | { readonly k: 'tuple'; readonly items: readonly TargetNode[]; readonly offset: number };

export type ArgumentNodes = {
  readonly positional: readonly ExpressionNode[];
  readonly named: readonly (readonly [name: string, value: ExpressionNode])[];
  readonly list: ExpressionNode | null;
  readonly map: ExpressionNode | null;
};

type Node<Kind extends string, Fields> = { readonly k: Kind; readonly offset: number } & Readonly<Fields>;

export type CallNode = Node<'call', { of: ExpressionNode; args: ArgumentNodes }>;
export type FilterNode = Node<'filter', { of: ExpressionNode | null; name: string; args: ArgumentNodes }>;

export type ExpressionNode =
  | NameNode
  | Node<'constant', { value: null | boolean | string | number }>
  | Node<'float', { text: string }>
  | Node<'integer', { text: string }>
  | Node<'list', { items: readonly ExpressionNode[] }>
  | Node<'tuple', { items: readonly ExpressionNode[] }>
  | Node<'dict', { entries: readonly (readonly [key: ExpressionNode, value: ExpressionNode])[] }>
  | Node<'attribute', { of: ExpressionNode; name: string }>
  | Node<'item', { of: ExpressionNode; at: ExpressionNode }>
  | Node<'slice', { of: ExpressionNode; start: ExpressionNode | null; stop: ExpressionNode | null; step: ExpressionNode | null }>
  | CallNode
  | FilterNode
  | Node<'test', { of: ExpressionNode; name: string; args: ArgumentNodes }>
  | Node<'not' | 'negate' | 'plus', { of: ExpressionNode }>
  | Node<'and' | 'or', { left: ExpressionNode; right: ExpressionNode }>
  | Node<'binary', { operator: BinaryOperator; left: ExpressionNode; right: ExpressionNode }>
  | Node<'join', { parts: readonly ExpressionNode[] }>
  | Node<'compare', { first: ExpressionNode; rest: readonly { readonly operator: CompareOperator; readonly value: ExpressionNode }[] }>
  | Node<'choice', { test: ExpressionNode; then: ExpressionNode; otherwise: ExpressionNode | null }>;

export type ParameterNode = { readonly name: NameNode; readonly default: ExpressionNode | null };

export type IfNode = Node<
  'if',
  { test: ExpressionNode; body: readonly StatementNode[]; elifs: readonly IfNode[]; otherwise: readonly StatementNode[] }
>;
export type ForNode = Node<
  'for',
  {
    target: TargetNode;
    iterable: ExpressionNode;
    body: readonly StatementNode[];
    otherwise: readonly StatementNode[];
    test: ExpressionNode | null;
    recursive: boolean;
  }
>;
export type SetBlockNode = Node<'set-block', { target: TargetNode; filter: FilterNode | null; body: readonly StatementNode[] }>;
export type MacroNode = Node<'macro', { name: string; parameters: readonly ParameterNode[]; body: readonly StatementNode[] }>;
export type CallBlockNode = Node<'call-block', { call: CallNode; parameters: readonly ParameterNode[]; body: readonly StatementNode[] }>;
export type FilterBlockNode = Node<'filter-block', { filter: FilterNode; body: readonly StatementNode[] }>;
export type WithNode = Node<'with', { targets: readonly TargetNode[]; values: readonly ExpressionNode[]; body: readonly StatementNode[] }>;

export type StatementNode =
  | Node<'text', { text: string }>
  | Node<'print', { value: ExpressionNode }>
  | IfNode
  | ForNode
  | Node<'set', { target: TargetNode; value: ExpressionNode }>
  | SetBlockNode
  | MacroNode
  | CallBlockNode
  | FilterBlockNode
  | WithNode;
