import type {
  Branch,
  CallArguments,
  CallExpression,
  CompiledTemplate,
  Expression,
  FilterExpression,
  ForStatement,
  MacroDefinition,
  NameTarget,
  ScopeSlots,
  Statement,
  Target,
} from './ast.ts';
import type { NameLists } from './names.ts';
import { checkFilter, checkTest } from './names.ts';
import { FunctionScope, Symbols } from './symbols.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type {
  ArgumentNodes,
  CallBlockNode,
  CallNode,
  ExpressionNode,
  FilterNode,
  ForNode,
  IfNode,
  MacroNode,
  NameNode,
  ParameterNode,
  StatementNode,
  TargetNode,
} from './tree.ts';
import { childrenOf, undeclaredNames, type AnyNode } from './walk.ts';

export type ResolveOptions = { readonly names: NameLists; readonly lineAt: (offset: number) => number };

/** Gives every name its slot. @throws TemplateSyntaxError for unknown filters and tests and what Jinja refuses to compile. */
export function resolveTemplate(nodes: readonly StatementNode[], options: ResolveOptions): CompiledTemplate {
  const scope = new FunctionScope(null);
  const symbols = new Symbols(null, scope);
  symbols.visitAll(nodes);
  const resolver = new Resolver(options);
  const { enter } = symbols.slots();
  const body = resolver.body(nodes, symbols);
  return { format: 1, slots: scope.size, enter, body, mutates: resolver.mutates };
}

const MUTATORS: ReadonlySet<string> = new Set([
  ...['append', 'clear', 'extend', 'insert', 'pop', 'popitem', 'remove', 'reverse', 'setdefault', 'sort', 'update'],
]);

// A class because it collects while it goes: one call of resolveTemplate.
class Resolver {
  readonly #options: ResolveOptions;
  mutates = false;
  #inDefaults = false;
  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  body(nodes: readonly StatementNode[], symbols: Symbols): readonly Statement[] {
    return nodes.map((node) => this.#statement(node, symbols));
  }

  #statement(node: StatementNode, symbols: Symbols): Statement {
    const line = this.#options.lineAt(node.offset);
    switch (node.k) {
      case 'text':
        return { k: 'text', text: node.text };
      case 'print':
        return { k: 'print', value: this.#expression(node.value, symbols), line };
      case 'if':
        return { k: 'if', branches: this.#branches(node, symbols), otherwise: this.body(node.otherwise, symbols), line };
      case 'for':
        return this.#for(node, symbols, line);
      case 'set':
        return { k: 'set', target: this.#target(node.target, symbols), value: this.#expression(node.value, symbols), line };
      case 'macro':
        return { k: 'macro', macro: this.#macro(node, symbols), target: this.#storedName(node.name, symbols, node.offset), line };
      case 'call-block':
        return { k: 'call', call: this.#call(node.call, symbols), caller: this.#macro(node, symbols), line };
      case 'set-block': {
        const inner = new Symbols(symbols, symbols.scope);
        inner.visitAll(node.body);
        const filter = node.filter === null ? null : this.#filter(node.filter, inner);
        return {
          k: 'set-block',
          target: this.#target(node.target, symbols),
          filter,
          scope: inner.slots(),
          body: this.body(node.body, inner),
          line,
        };
      }
      case 'filter-block': {
        const inner = new Symbols(symbols, symbols.scope);
        inner.visitAll([...node.body, node.filter]);
        return { k: 'filter', filter: this.#filter(node.filter, inner), scope: inner.slots(), body: this.body(node.body, inner), line };
      }
      case 'with': {
        const inner = new Symbols(symbols, symbols.scope);
        inner.visitAll([...node.targets, ...node.body]);
        const targets = node.targets.map((target) => this.#target(target, inner));
        const values = node.values.map((value) => this.#expression(value, symbols));
        return { k: 'with', targets, values, scope: inner.slots(), body: this.body(node.body, inner), line };
      }
    }
  }

  #branches(node: IfNode, symbols: Symbols): readonly Branch[] {
    return [node, ...node.elifs].map(({ test, body }) => ({ test: this.#expression(test, symbols), body: this.body(body, symbols) }));
  }

  #for(node: ForNode, symbols: Symbols, line: number): ForStatement {
    refuseLoopAssignment(node);
    const scope = node.recursive ? new FunctionScope(symbols.scope) : symbols.scope;
    const inner = new Symbols(symbols, scope);
    const usesLoop = node.recursive || undeclaredNames(node.body, ['loop']).has('loop');
    const loop = usesLoop ? inner.parameter('loop') : null;
    inner.visitLoop(node, 'body');
    const otherwise = this.#loopElse(node, symbols, scope);
    return {
      k: 'for',
      target: this.#target(node.target, inner),
      iterable: this.#expression(node.iterable, symbols),
      filter: this.#loopFilter(node, symbols),
      loopSlot: loop === null ? null : scope.slotOf(loop.identifier),
      scope: inner.slots(),
      body: this.body(node.body, inner),
      otherwise,
      recursiveSlots: node.recursive ? scope.size : null,
      line,
    };
  }

  #loopElse(node: ForNode, symbols: Symbols, scope: FunctionScope): ForStatement['otherwise'] {
    if (node.otherwise.length === 0) return null;
    const inner = new Symbols(symbols, scope);
    inner.visitLoop(node, 'otherwise');
    const slots: ScopeSlots = inner.slots();
    return { scope: slots, body: this.body(node.otherwise, inner) };
  }

  #loopFilter(node: ForNode, symbols: Symbols): ForStatement['filter'] {
    if (node.test === null) return null;
    const scope = new FunctionScope(symbols.scope);
    const inner = new Symbols(symbols, scope);
    inner.visitLoop(node, 'test');
    const { enter } = inner.slots();
    const target = this.#target(node.target, inner);
    const test = this.#expression(node.test, inner);
    return { slots: scope.size, enter, target, test };
  }

  #macro(node: MacroNode | CallBlockNode, symbols: Symbols): MacroDefinition {
    const scope = new FunctionScope(symbols.scope);
    const inner = new Symbols(symbols, scope);
    const look = (): void => {
      inner.visitAll(node.parameters.map(({ name }) => name));
      inner.visitAll(node.parameters.flatMap((parameter) => (parameter.default === null ? [] : [parameter.default])));
      inner.visitAll(node.body);
    };
    look();
    const special = this.#specialParameters(node, inner);
    look();
    const { enter } = inner.slots();
    const parameters = node.parameters.map(({ name, default: value }) => ({
      name: name.name,
      slot: this.#name(name, inner).slot,
      default: value === null ? null : this.#default(value, inner),
    }));
    const body = this.body(node.body, inner);
    return { name: node.k === 'macro' ? node.name : null, slots: scope.size, enter, parameters, ...special, body };
  }

  // A default may name a parameter that has no value yet: that is an undefined variable.
  #default(node: ExpressionNode, symbols: Symbols): Expression {
    this.#inDefaults = true;
    const value = this.#expression(node, symbols);
    this.#inDefaults = false;
    return value;
  }

  /** `caller`, `kwargs` and `varargs` exist in a macro that reads them without declaring them. */
  #specialParameters(node: MacroNode | CallBlockNode, inner: Symbols) {
    const read = undeclaredNames(node.body, ['caller', 'kwargs', 'varargs']);
    const declared = (name: string): ParameterNode | undefined => node.parameters.find((parameter) => parameter.name.name === name);
    const caller = declared('caller');
    if (read.has('caller') && caller !== undefined && caller.default === null) {
      throw new TemplateSyntaxError('the parameter "caller" needs a default, or must not be declared at all', caller.name.offset);
    }
    const slot = (name: string): number | null =>
      read.has(name) && declared(name) === undefined ? inner.scope.slotOf(inner.parameter(name).identifier) : null;
    return { callerSlot: slot('caller'), namedSlot: slot('kwargs'), positionalSlot: slot('varargs') };
  }

  #target(node: TargetNode, symbols: Symbols): Target {
    if (node.k === 'tuple') return { k: 'tuple', items: node.items.map((item) => this.#target(item, symbols)) };
    const { up, slot } = this.#place(node.name, symbols, node.offset);
    return node.k === 'name'
      ? { k: 'name', name: node.name, up, slot }
      : { k: 'namespace', name: node.name, up, slot, attribute: node.attribute };
  }

  #storedName(name: string, symbols: Symbols, offset: number): NameTarget {
    return { k: 'name', name, ...this.#place(name, symbols, offset) };
  }

  #name(node: NameNode, symbols: Symbols): NameTarget {
    return this.#storedName(node.name, symbols, node.offset);
  }

  #place(name: string, symbols: Symbols, offset: number): { readonly up: number; readonly slot: number } {
    const reference = symbols.find(name);
    if (reference === undefined) throw new TemplateSyntaxError(`the name ${name} cannot be used here`, offset);
    return { up: symbols.scope.distanceTo(reference.scope), slot: reference.scope.slotOf(reference.identifier) };
  }

  #call(node: CallNode, symbols: Symbols): CallExpression {
    return { k: 'call', of: this.#expression(node.of, symbols), args: this.#args(node.args, symbols) };
  }

  #filter(node: FilterNode, symbols: Symbols): FilterExpression {
    checkFilter(node, this.#options.names);
    const of = node.of === null ? null : this.#expression(node.of, symbols);
    return { k: 'filter', of, name: node.name, args: this.#args(node.args, symbols) };
  }

  #args({ positional, named, list, map }: ArgumentNodes, symbols: Symbols): CallArguments {
    const each = (nodes: readonly ExpressionNode[]): readonly Expression[] => nodes.map((node) => this.#expression(node, symbols));
    return {
      positional: each(positional),
      ...(named.length === 0 ? {} : { named: named.map(([name, value]) => [name, this.#expression(value, symbols)] as const) }),
      ...(list === null ? {} : { list: this.#expression(list, symbols) }),
      ...(map === null ? {} : { map: this.#expression(map, symbols) }),
    };
  }

  #expression(node: ExpressionNode, symbols: Symbols): Expression {
    const one = (child: ExpressionNode): Expression => this.#expression(child, symbols);
    const maybe = (child: ExpressionNode | null): Expression | null => (child === null ? null : one(child));
    switch (node.k) {
      case 'name':
        return { ...this.#name(node, symbols), ...(symbols.isBound(node.name) && !this.#inDefaults ? { bound: true } : {}) };
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
        return this.#call(node, symbols);
      case 'filter':
        return this.#filter(node, symbols);
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
  if (left.k === 'constant' || left.k === 'float' || left.k === 'integer' || !isFixed(left) || isFixed(right)) return plain;
  if (left.k === 'negate' && left.of.k !== 'negate' && isNumber(left.of)) {
    return { k: 'negate', of: { k: 'binary', operator: '**', left: resolve(left.of), right: resolve(right) } };
  }
  throw new TemplateSyntaxError('the base of a power must be a number or a variable: give the base a name with {% set %}', left.offset);
}

const isNumber = (node: ExpressionNode): boolean =>
  (node.k === 'constant' && typeof node.value === 'number') || node.k === 'float' || node.k === 'integer';

/** Whether an expression has the same value in every run, as Jinja sees it. */
const isFixed = (node: AnyNode): boolean => node.k !== 'name' && node.k !== 'call' && childrenOf(node).every(isFixed);

function refuseLoopAssignment(node: AnyNode): void {
  if (node.k === 'name' && node.use === 'store' && node.name === 'loop') {
    throw new TemplateSyntaxError('"loop" cannot be assigned to inside a loop: take another name', node.offset);
  }
  for (const child of childrenOf(node)) refuseLoopAssignment(child);
}
