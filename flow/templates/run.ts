import type { Value } from '../../schemas/core.ts';
import { FILTERS, TESTS, type FilterEngine } from './filters/index.ts';
import { bindArguments } from './python/arguments.ts';
import { GLOBALS } from './python/globals.ts';
import {
  fail,
  isDict,
  isList,
  isSecret,
  spendOnText,
  textOf,
  undefinedValue,
  type Arguments,
  type Budget,
  type Macro,
  type Py,
  type Scope,
} from './python/values.ts';
import type { Load } from './syntax/ast.ts';

/** One run of a template. */
export type Run = {
  readonly budget: Budget;
  readonly engine: FilterEngine;
  /** The value of a variable of the context or of a global function; undefined when there is none. */
  resolve(name: string): Py | undefined;
  callMacro(macro: Macro, args: Arguments): Py;
  /** Runs a call one level deeper. */
  nested(call: () => Py): Py;
  /** The line of the statement at work, for errors. */
  line: number;
};

export type RunOptions = {
  readonly context: ReadonlyMap<string, Value>;
  readonly budget: Budget;
  /** Whether lists and objects of the context are copied, so that the template may change them. */
  readonly ownValues: boolean;
  readonly depth: number;
  readonly callMacro: (run: Run, macro: Macro, args: Arguments) => Py;
};

export function startRun({ context, budget, ownValues, depth, callMacro }: RunOptions): Run {
  const copies = new Map<string, Py>();
  let level = 0;
  const run: Run = {
    budget,
    line: 1,
    engine: {
      filter: (name, value, args) => applyFilter(run, name, value, args),
      test: (name, value, args) => applyTest(run, name, value, args),
    },
    resolve(name) {
      const value: Py | undefined = context.get(name);
      if (value === undefined) return GLOBALS.get(name);
      if (isSecret(value)) return fail('SecretError', `the variable ${name} is a secret, which a template cannot use`);
      if (!ownValues) return value;
      const copy = copies.get(name) ?? copyOf(value, budget);
      copies.set(name, copy);
      return copy;
    },
    callMacro: (macro, args) => callMacro(run, macro, args),
    nested(call) {
      if (level >= depth) return fail('RecursionError', `calls are nested deeper than ${depth} levels`);
      level++;
      const result = call();
      level--;
      return result;
    },
  };
  return run;
}

function copyOf(value: Py, budget: Budget): Py {
  if (isList(value)) {
    budget.spend(1);
    return value.map((item) => copyOf(item, budget));
  }
  if (!isDict(value)) return value;
  budget.spend(1);
  return new Map(Array.from(value, ([key, item]): [Py, Py] => [key, copyOf(item, budget)]));
}

/** What they do takes no time that grows with a text. */
const CHEAP_FILTERS: ReadonlySet<string> = new Set(['d', 'default', 'length', 'count', 'safe', 'string', 'first', 'last']);

export function applyFilter(run: Run, name: string, value: Py, given: Arguments): Py {
  const filter = FILTERS.get(name);
  if (filter === undefined) return fail('TemplateRuntimeError', `there is no filter named "${name}"`);
  if (!CHEAP_FILTERS.has(name)) spendOnText(textOf(value) ?? '', run.budget);
  const args = filter.signature === null ? given.positional : bindArguments(name, filter.signature, given);
  return filter.run({ value, args, given, budget: run.budget, engine: run.engine });
}

export function applyTest(run: Run, name: string, value: Py, given: Arguments): boolean {
  const test = TESTS.get(name);
  if (test === undefined) return fail('TemplateRuntimeError', `there is no test named "${name}"`);
  return test.run(value, bindArguments(name, test.signature, given), run.budget);
}

/** Fills the slots of a scope that is entered. */
export function enterScope(loads: readonly Load[], scope: Scope, run: Run): void {
  for (const load of loads) {
    if (load[0] === 'context') scope.slots[load[1]] = run.resolve(load[2]);
    else if (load[0] === 'alias') scope.slots[load[1]] = scopeAt(scope, load[2]).slots[load[3]];
    else scope.slots[load[1]] = undefined;
  }
}

export function leaveScope(slots: readonly number[], scope: Scope): void {
  for (const slot of slots) scope.slots[slot] = undefined;
}

/** The scope `up` functions outward. */
export function scopeAt(scope: Scope, up: number): Scope {
  let found = scope;
  for (let i = 0; i < up; i++) found = found.parent ?? failScope();
  return found;
}

const failScope = (): never => {
  throw new Error('a compiled template refers to a scope that does not exist');
};

export const newScope = (slots: number, parent: Scope | null): Scope => ({
  slots: new Array<Py | undefined>(slots).fill(undefined),
  parent,
});

/** The value of a variable, or undefined with its name. */
export const readSlot = (scope: Scope, up: number, slot: number, name: string): Py => {
  const value = (up === 0 ? scope : scopeAt(scope, up)).slots[slot];
  return value === undefined ? undefinedValue(`"${name}" is undefined`) : value;
};

/** The value of a parameter or loop variable. @throws TemplateFailure when its scope is over, as for a macro that outlives its loop */
export function readBound({ up, slot, name }: { readonly up: number; readonly slot: number; readonly name: string }, scope: Scope): Py {
  const value = (up === 0 ? scope : scopeAt(scope, up)).slots[slot];
  return value === undefined ? fail('LimitError', `"${name}" is used after the loop it belongs to`) : value;
}
