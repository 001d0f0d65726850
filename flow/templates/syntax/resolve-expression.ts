import type { CallArguments, CallExpression, Expression, FilterExpression, NameTarget } from './ast.ts';
import { checkFilter, checkTest, type NameLists } from './names.ts';
import type { Symbols } from './symbols.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type { ArgumentNodes, CallNode, ExpressionNode, FilterNode } from './tree.ts';
import { childrenOf, type AnyNode } from './walk.ts';

export type ResolveOptions = { readonly names: NameLists; readonly lineAt: (offset: number) => number };

/** A name that is assigned to, or read. */
export function storedName(name: string, symbols: Symbols, offset: number): NameTarget {
  return { k: 'name', name, ...placeOf(name, symbols, offset) };
}

/** Where the value of a name is. @throws TemplateSyntaxError when the scope does not know it */
export function placeOf(name: string, symbols: Symbols, offset: number): { readonly up: number; readonly slot: number } {
  const reference = symbols.find(name);
  if (reference === undefined) throw new TemplateSyntaxError(`the name ${name} cannot be used here`, offset);
  return { up: symbols.scope.distanceTo(reference.scope), slot: reference.scope.slotOf(reference.identifier) };
}

const MUTATORS: ReadonlySet<string> = new Set([
  ...['append', 'clear', 'extend', 'insert', 'pop', 'popitem', 'remove', 'reverse', 'setdefault', 'sort', 'update'],
]);

// A class because it holds what is found out on the way: one call of resolveTemplate.
export class ExpressionResolver {
  readonly #options: ResolveOptions;
  #inDefaults = false;
  /** Whether an attribute was met that changes lists or dicts. */
  mutates = false;
  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  /** The default of a parameter: it may name a parameter that has no value yet, which is an undefined variable then. */
  defaultOf(node: ExpressionNode, symbols: Symbols): Expression {
    this.#inDefaults = true;
    const value = this.expression(node, symbols);
    this.#inDefaults = false;
    return value;
  }

  call(node: CallNode, symbols: Symbols): CallExpression {
    return { k: 'call', of: this.expression(node.of, symbols), args: this.#args(node.args, symbols) };
  }

  filter(node: FilterNode, symbols: Symbols): FilterExpression {
    checkFilter(node, this.#options.names);
    const of = node.of === null ? null : this.expression(node.of, symbols);
    return { k: 'filter', of, name: node.name, args: this.#args(node.args, symbols) };
  }

  #args({ positional, named, list, map }: ArgumentNodes, symbols: Symbols): CallArguments {
    const each = (nodes: readonly ExpressionNode[]): readonly Expression[] => nodes.map((node) => this.expression(node, symbols));
    return {
      positional: each(positional),
      ...(named.length === 0 ? {} : { named: named.map(([name, value]) => [name, this.expression(value, symbols)] as const) }),
      ...(list === null ? {} : { list: this.expression(list, symbols) }),
      ...(map === null ? {} : { map: this.expression(map, symbols) }),
    };
  }

  expression(node: ExpressionNode, symbols: Symbols): Expression {
    const one = (child: ExpressionNode): Expression => this.expression(child, symbols);
    const maybe = (child: ExpressionNode | null): Expression | null => (child === null ? null : one(child));
    switch (node.k) {
      case 'name':
        return {
          ...storedName(node.name, symbols, node.offset),
          ...(symbols.isBound(node.name) && !this.#inDefaults ? { bound: true } : {}),
        };
      case 'constant':
        return { k: 'constant', value: node.value };
      case 'float':
      case 'integer':
        return { k: node.k, text: node.text };
      case 'list':
      case 'tuple':
        return { k: node.k, items: node.items.map(one) };
      case 'dict':
        return { k: 'dict', entries: node.entries.map(([key, value]) => [one(key), one(value)] as const) };
      case 'attribute':
        if (MUTATORS.has(node.name)) this.mutates = true;
        return { k: 'attribute', of: one(node.of), name: node.name };
      case 'item':
        return { k: 'item', of: one(node.of), at: one(node.at) };
      case 'slice':
        return { k: 'slice', of: one(node.of), start: maybe(node.start), stop: maybe(node.stop), step: maybe(node.step) };
      case 'call':
        return this.call(node, symbols);
      case 'filter':
        return this.filter(node, symbols);
      case 'test':
        checkTest(node, this.#options.names);
        return { k: 'test', of: one(node.of), name: node.name, args: this.#args(node.args, symbols) };
      case 'not':
      case 'negate':
      case 'plus':
        return { k: node.k, of: one(node.of) };
      case 'and':
      case 'or':
        return { k: node.k, left: one(node.left), right: one(node.right) };
      case 'binary':
        return node.operator === '**'
          ? power(node, one)
          : { k: 'binary', operator: node.operator, left: one(node.left), right: one(node.right) };
      case 'join':
        return { k: 'join', parts: node.parts.map(one) };
      case 'compare':
        return { k: 'compare', first: one(node.first), rest: node.rest.map(({ operator, value }) => ({ operator, value: one(value) })) };
      case 'choice':
        return {
          k: 'choice',
          test: one(node.test),
          then: one(node.then),
          otherwise: maybe(node.otherwise),
          line: this.#options.lineAt(node.offset),
        };
    }
  }
}

type BinaryNode = Extract<ExpressionNode, { readonly k: 'binary' }>;

// Jinja computes a constant base first and writes it down without brackets, where "-2 ** x" means -(2 ** x).
function power(node: BinaryNode, resolve: (node: ExpressionNode) => Expression): Expression {
  const { left, right } = node;
  const plain: Expression = { k: 'binary', operator: '**', left: resolve(left), right: resolve(right) };
  if (left.k === 'constant' || left.k === 'float' || left.k === 'integer' || isZero(left) || !isFixed(left) || isFixed(right)) return plain;
  if (left.k === 'negate' && left.of.k !== 'negate' && isNumber(left.of)) {
    return { k: 'negate', of: { k: 'binary', operator: '**', left: resolve(left.of), right: resolve(right) } };
  }
  throw new TemplateSyntaxError('the base of a power must be a number or a variable: give the base a name with {% set %}', left.offset);
}

/** -0, which Jinja writes as 0. */
const isZero = (node: ExpressionNode): boolean => node.k === 'negate' && node.of.k === 'constant' && node.of.value === 0;
const isNumber = (node: ExpressionNode): boolean =>
  (node.k === 'constant' && typeof node.value === 'number') || node.k === 'float' || node.k === 'integer';

/** Whether an expression has the same value in every run, as Jinja sees it. */
const isFixed = (node: AnyNode): boolean => node.k !== 'name' && node.k !== 'call' && childrenOf(node).every(isFixed);
