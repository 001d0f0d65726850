import type { Load, ScopeSlots } from './ast.ts';
import type { ForNode, IfNode, StatementNode } from './tree.ts';
import { childrenOf, type AnyNode } from './walk.ts';

/** A function of the rendered template: the template itself, a macro, a recursive loop or the filter of a loop. */
export class FunctionScope {
  readonly parent: FunctionScope | null;
  readonly #slots = new Map<string, number>();
  constructor(parent: FunctionScope | null) {
    this.parent = parent;
  }

  get size(): number {
    return this.#slots.size;
  }

  slotOf(identifier: string): number {
    const known = this.#slots.get(identifier);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(identifier, slot);
    return slot;
  }

  /** How many functions outward `outer` is. */
  distanceTo(outer: FunctionScope): number {
    return this === outer ? 0 : 1 + (this.parent?.distanceTo(outer) ?? 0);
  }
}

type Reference = { readonly identifier: string; readonly scope: FunctionScope };
type Origin =
  | { readonly from: 'parameter' | 'nothing' }
  | { readonly from: 'context'; readonly name: string }
  | { readonly from: 'alias'; readonly outer: Reference };

/**
 * The names of one scope and where their first values come from.
 *
 * Jinja decides this when it compiles, by looking through a scope once before it runs: a name that is assigned anywhere in a scope
 * belongs to the scope, and what it holds at first depends on whether it was read before. Some results surprise (a loop does not
 * see a variable of the context whose name is assigned after the loop), and have to be the same here.
 */
export class Symbols {
  readonly level: number;
  readonly parent: Symbols | null;
  readonly scope: FunctionScope;
  #references = new Map<string, Reference>();
  #origins = new Map<string, Origin>();
  #stores = new Set<string>();

  constructor(parent: Symbols | null, scope: FunctionScope) {
    this.level = parent === null ? 0 : parent.level + 1;
    this.parent = parent;
    this.scope = scope;
  }

  find(name: string): Reference | undefined {
    return this.#references.get(name) ?? this.parent?.find(name);
  }

  /** Whether a name is a parameter or a loop variable here. */
  isBound(name: string): boolean {
    const own = this.#references.get(name);
    if (own === undefined) return this.parent?.isBound(name) ?? false;
    return this.#origins.get(own.identifier)?.from === 'parameter';
  }

  load(name: string): void {
    if (this.find(name) === undefined) this.#define(name, { from: 'context', name });
  }

  store(name: string): void {
    this.#stores.add(name);
    if (this.#references.has(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer === undefined ? { from: 'nothing' } : { from: 'alias', outer });
  }

  parameter(name: string): Reference {
    this.#stores.add(name);
    return this.#define(name, { from: 'parameter' });
  }

  /** The slots to fill on entry and to empty at the end. */
  slots(): ScopeSlots {
    const enter: Load[] = [];
    const leave: number[] = [];
    for (const [identifier, origin] of this.#origins) {
      const slot = this.scope.slotOf(identifier);
      leave.push(slot);
      if (origin.from === 'context') enter.push(['context', slot, origin.name]);
      else if (origin.from === 'nothing') enter.push(['nothing', slot]);
      else if (origin.from === 'alias') {
        const { outer } = origin;
        enter.push(['alias', slot, this.scope.distanceTo(outer.scope), outer.scope.slotOf(outer.identifier)]);
      }
    }
    return { enter, leave };
  }

  /** Looks through a node that belongs to this scope. Loops, macros and other scopes inside it are not entered. */
  visit(node: AnyNode, asParameter = false): void {
    switch (node.k) {
      case 'name':
        if (asParameter || node.use === 'parameter') this.parameter(node.name);
        else if (node.use === 'store') this.store(node.name);
        else this.load(node.name);
        return;
      case 'namespace':
        this.load(node.name);
        return;
      case 'if':
        this.#visitBranches(node);
        return;
      case 'macro':
        this.store(node.name);
        return;
      case 'set':
        this.visit(node.value);
        this.visit(node.target);
        return;
      case 'set-block':
        this.visit(node.target);
        return;
      case 'for':
        this.visit(node.iterable);
        return;
      case 'call-block':
        this.visit(node.call);
        return;
      case 'filter-block':
        this.visit(node.filter);
        return;
      case 'with':
        this.visitAll(node.values);
        return;
      default:
        for (const child of childrenOf(node)) this.visit(child, asParameter);
    }
  }

  visitAll(nodes: readonly AnyNode[]): void {
    for (const node of nodes) this.visit(node);
  }

  /** Looks through one part of a loop, for the scope of that part. */
  visitLoop(node: ForNode, part: 'body' | 'otherwise' | 'test'): void {
    if (part !== 'otherwise') this.visit(node.target, true);
    if (part === 'test') {
      if (node.test !== null) this.visit(node.test);
    } else {
      this.visitAll(node[part]);
    }
  }

  #define(name: string, origin: Origin): Reference {
    const identifier = `${this.level} ${name}`;
    this.scope.slotOf(identifier);
    const reference = { identifier, scope: this.scope };
    this.#references.set(name, reference);
    this.#origins.set(identifier, origin);
    return reference;
  }

  #visitBranches(node: IfNode): void {
    this.visit(node.test);
    const branches = [node.body, node.elifs, node.otherwise].map((body) => this.#branch(body));
    const assigned = new Set(branches.flatMap((branch) => [...branch.#stores].filter((name) => !this.#stores.has(name))));
    for (const branch of branches) {
      for (const [name, reference] of branch.#references) this.#references.set(name, reference);
      for (const [identifier, origin] of branch.#origins) this.#origins.set(identifier, origin);
      for (const name of branch.#stores) this.#stores.add(name);
    }
    // What only a branch assigns has, where the branch is not taken, the value it had outside.
    for (const name of assigned) {
      const target = this.find(name);
      if (target === undefined) continue;
      const outer = this.parent?.find(name);
      this.#origins.set(target.identifier, outer === undefined ? { from: 'context', name } : { from: 'alias', outer });
    }
  }

  #branch(body: readonly StatementNode[]): Symbols {
    const copy = new Symbols(this.parent, this.scope);
    copy.#references = new Map(this.#references);
    copy.#origins = new Map(this.#origins);
    copy.#stores = new Set(this.#stores);
    copy.visitAll(body);
    return copy;
  }
}
