import type { Branch, CompiledTemplate, ForStatement, MacroDefinition, ScopeSlots, Statement, Target } from './ast.ts';
import { ExpressionResolver, placeOf, storedName, type ResolveOptions } from './resolve-expression.ts';
import { FunctionScope, Symbols } from './symbols.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type { CallBlockNode, ForNode, IfNode, MacroNode, ParameterNode, StatementNode, TargetNode } from './tree.ts';
import { childrenOf, undeclaredNames, type AnyNode } from './walk.ts';

/** Gives every name its slot. @throws TemplateSyntaxError for unknown filters and tests and what Jinja refuses to compile. */
export function resolveTemplate(nodes: readonly StatementNode[], options: ResolveOptions): CompiledTemplate {
  if (undeclaredNames(nodes, ['self']).has('self')) refuseSelf(nodes);
  const scope = new FunctionScope(null);
  const symbols = new Symbols(null, scope);
  symbols.visitAll(nodes);
  const resolver = new Resolver(options);
  const { enter } = symbols.slots();
  const body = resolver.body(nodes, symbols);
  return { format: 1, slots: scope.size, enter, body, mutates: resolver.mutates };
}

// A class because it holds what is found out on the way: one call of resolveTemplate.
class Resolver {
  readonly #options: ResolveOptions;
  readonly #expressions: ExpressionResolver;
  constructor(options: ResolveOptions) {
    this.#options = options;
    this.#expressions = new ExpressionResolver(options);
  }

  get mutates(): boolean {
    return this.#expressions.mutates;
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
        return { k: 'print', value: this.#expressions.expression(node.value, symbols), line };
      case 'if':
        return { k: 'if', branches: this.#branches(node, symbols), otherwise: this.body(node.otherwise, symbols), line };
      case 'for':
        return this.#for(node, symbols, line);
      case 'set':
        return { k: 'set', target: this.#target(node.target, symbols), value: this.#expressions.expression(node.value, symbols), line };
      case 'macro':
        return { k: 'macro', macro: this.#macro(node, symbols), target: storedName(node.name, symbols, node.offset), line };
      case 'call-block':
        return { k: 'call', call: this.#expressions.call(node.call, symbols), caller: this.#macro(node, symbols), line };
      case 'set-block': {
        const inner = new Symbols(symbols, symbols.scope);
        inner.visitAll(node.body);
        const filter = node.filter === null ? null : this.#expressions.filter(node.filter, inner);
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
        return {
          k: 'filter',
          filter: this.#expressions.filter(node.filter, inner),
          scope: inner.slots(),
          body: this.body(node.body, inner),
          line,
        };
      }
      case 'with': {
        const inner = new Symbols(symbols, symbols.scope);
        inner.visitAll([...node.targets, ...node.body]);
        const targets = node.targets.map((target) => this.#target(target, inner));
        const values = node.values.map((value) => this.#expressions.expression(value, symbols));
        return { k: 'with', targets, values, scope: inner.slots(), body: this.body(node.body, inner), line };
      }
    }
  }

  #branches(node: IfNode, symbols: Symbols): readonly Branch[] {
    return [node, ...node.elifs].map(({ test, body }) => ({
      test: this.#expressions.expression(test, symbols),
      body: this.body(body, symbols),
    }));
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
      iterable: this.#expressions.expression(node.iterable, symbols),
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
    const test = this.#expressions.expression(node.test, inner);
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
      slot: storedName(name.name, inner, name.offset).slot,
      default: value === null ? null : this.#expressions.defaultOf(value, inner),
    }));
    const body = this.body(node.body, inner);
    return { name: node.k === 'macro' ? node.name : null, slots: scope.size, enter, parameters, ...special, body };
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
    const { up, slot } = placeOf(node.name, symbols, node.offset);
    return node.k === 'name'
      ? { k: 'name', name: node.name, up, slot }
      : { k: 'namespace', name: node.name, up, slot, attribute: node.attribute };
  }
}

function refuseLoopAssignment(node: AnyNode): void {
  if (node.k === 'name' && node.use === 'store' && node.name === 'loop') {
    throw new TemplateSyntaxError('"loop" cannot be assigned to inside a loop: take another name', node.offset);
  }
  for (const child of childrenOf(node)) refuseLoopAssignment(child);
}

function refuseSelf(nodes: readonly AnyNode[]): void {
  for (const node of nodes) {
    if (node.k === 'name' && node.name === 'self') {
      throw new TemplateSyntaxError(
        '"self" means the blocks of the template to Jinja, which are not supported: take another name',
        node.offset,
      );
    }
    refuseSelf(childrenOf(node));
  }
}
