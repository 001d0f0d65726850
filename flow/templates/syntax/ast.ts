/**
 * A compiled template: plain data that can be stored as JSON.
 *
 * Names are already resolved, as Jinja resolves them when it compiles: every name of a scope has a slot, and `up` says how many
 * functions (macros, recursive loops, loop filters) outward the slot lives. An empty slot is an undefined variable.
 */
export type CompiledTemplate = {
  readonly format: 1;
  readonly slots: number;
  readonly enter: readonly Load[];
  readonly body: readonly Statement[];
  /** Whether the template may change lists or objects (`append`, `update` …), so that it needs its own copy of its variables. */
  readonly mutates: boolean;
};

/** What fills a slot when its scope is entered: a variable of the context, the slot of an outer scope, or nothing. */
export type Load =
  | readonly ['context', slot: number, name: string]
  | readonly ['alias', slot: number, up: number, outerSlot: number]
  | readonly ['nothing', slot: number];

/** What is filled when a scope is entered and emptied when it is left. */
export type ScopeSlots = { readonly enter: readonly Load[]; readonly leave: readonly number[] };

export type Statement =
  | { readonly k: 'text'; readonly text: string }
  | { readonly k: 'print'; readonly value: Expression; readonly line: number }
  | { readonly k: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly Statement[]; readonly line: number }
  | ForStatement
  | { readonly k: 'set'; readonly target: Target; readonly value: Expression; readonly line: number }
  | {
      readonly k: 'set-block';
      readonly target: Target;
      /** Filters applied to the text; the innermost has `of: null`. */
      readonly filter: Expression | null;
      readonly scope: ScopeSlots;
      readonly body: readonly Statement[];
      readonly line: number;
    }
  | { readonly k: 'macro'; readonly macro: MacroDefinition; readonly target: NameTarget; readonly line: number }
  | { readonly k: 'call'; readonly call: CallExpression; readonly caller: MacroDefinition; readonly line: number }
  | {
      readonly k: 'filter';
      readonly filter: Expression;
      readonly scope: ScopeSlots;
      readonly body: readonly Statement[];
      readonly line: number;
    }
  | {
      readonly k: 'with';
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly scope: ScopeSlots;
      readonly body: readonly Statement[];
      readonly line: number;
    };

export type Branch = { readonly test: Expression; readonly body: readonly Statement[] };

export type ForStatement = {
  readonly k: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  /** `for … if …`: a function of its own, which is asked for the next item. */
  readonly filter: { readonly slots: number; readonly enter: readonly Load[]; readonly target: Target; readonly test: Expression } | null;
  /** A recursive loop is a function of its own with this many slots. */
  readonly recursiveSlots: number | null;
  /** The slot of `loop`, when the body uses it. */
  readonly loopSlot: number | null;
  readonly scope: ScopeSlots;
  readonly body: readonly Statement[];
  readonly otherwise: { readonly scope: ScopeSlots; readonly body: readonly Statement[] } | null;
  readonly line: number;
};

export type MacroDefinition = {
  readonly name: string | null;
  readonly slots: number;
  readonly enter: readonly Load[];
  readonly parameters: readonly { readonly name: string; readonly slot: number; readonly default: Expression | null }[];
  readonly callerSlot: number | null;
  readonly namedSlot: number | null;
  readonly positionalSlot: number | null;
  readonly body: readonly Statement[];
};

export type NameTarget = { readonly k: 'name'; readonly name: string; readonly up: number; readonly slot: number };
export type Target =
  | NameTarget
  | { readonly k: 'tuple'; readonly items: readonly Target[] }
  | { readonly k: 'namespace'; readonly name: string; readonly up: number; readonly slot: number; readonly attribute: string };

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type CallArguments = {
  readonly positional: readonly Expression[];
  readonly named?: readonly (readonly [name: string, value: Expression])[];
  /** `*list` and `**map`. */
  readonly list?: Expression;
  readonly map?: Expression;
};

export type CallExpression = { readonly k: 'call'; readonly of: Expression; readonly args: CallArguments };
export type FilterExpression = {
  readonly k: 'filter';
  readonly of: Expression | null;
  readonly name: string;
  readonly args: CallArguments;
};

export type Expression =
  /** Numbers here are integers within 2^53 and floats that are not integral. */
  | { readonly k: 'constant'; readonly value: null | boolean | string | number }
  | { readonly k: 'float'; readonly text: string }
  | { readonly k: 'integer'; readonly text: string }
  /** `bound`: a parameter or loop variable, which is always there while its scope is at work. */
  | { readonly k: 'name'; readonly name: string; readonly up: number; readonly slot: number; readonly bound?: true }
  | { readonly k: 'list'; readonly items: readonly Expression[] }
  | { readonly k: 'tuple'; readonly items: readonly Expression[] }
  | { readonly k: 'dict'; readonly entries: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly k: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly k: 'item'; readonly of: Expression; readonly at: Expression }
  | {
      readonly k: 'slice';
      readonly of: Expression;
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    }
  | CallExpression
  | FilterExpression
  | { readonly k: 'test'; readonly of: Expression; readonly name: string; readonly args: CallArguments }
  | { readonly k: 'not'; readonly of: Expression }
  | { readonly k: 'negate'; readonly of: Expression }
  | { readonly k: 'plus'; readonly of: Expression }
  | { readonly k: 'and'; readonly left: Expression; readonly right: Expression }
  | { readonly k: 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly k: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly k: 'join'; readonly parts: readonly Expression[] }
  | {
      readonly k: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: CompareOperator; readonly value: Expression }[];
    }
  | {
      readonly k: 'choice';
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | null;
      readonly line: number;
    };
