import { iterate } from './python/iterate.ts';
import { nextItem, startLoop } from './python/loop.ts';
import { toText } from './python/printing.ts';
import { truthy } from './python/truth.ts';
import {
  fail,
  iterator,
  textOf,
  tuple,
  typeName,
  undefinedValue,
  type Arguments,
  type LoopState,
  type Macro,
  type Py,
  type Scope,
} from './python/values.ts';
import { assign, requireNamespaces, targetValue } from './assign.ts';
import { callExpression, evaluate, filtered } from './evaluate.ts';
import { enterScope, leaveScope, newScope, type Run } from './run.ts';
import type { ForStatement, MacroDefinition, ScopeSlots, Statement } from './syntax/ast.ts';

/** Collects what a template writes. */
export type Output = { text: string };

/** Runs statements one after the other. @throws TemplateFailure */
export function execute(statements: readonly Statement[], scope: Scope, run: Run, output: Output): void {
  for (const statement of statements) {
    if (statement.k === 'text') {
      write(statement.text, run, output);
    } else {
      run.line = statement.line;
      perform(statement, scope, run, output);
    }
  }
}

function write(text: string, run: Run, output: Output): void {
  run.budget.room(output.text.length + text.length);
  output.text += text;
}

function perform(statement: Exclude<Statement, { readonly k: 'text' }>, scope: Scope, run: Run, output: Output): void {
  switch (statement.k) {
    case 'print':
      return write(toText(evaluate(statement.value, scope, run), run.budget), run, output);
    case 'if': {
      const branch = statement.branches.find(({ test }) => truthy(evaluate(test, scope, run)));
      return execute(branch?.body ?? statement.otherwise, scope, run, output);
    }
    case 'for':
      return statement.recursiveSlots === null
        ? loop(statement, evaluate(statement.iterable, scope, run), { scope, filterScope: scope, recurse: null, depth: 0 }, run, output)
        : write(toText(recursiveLoop(statement, scope, run), run.budget), run, output);
    case 'set':
      requireNamespaces(statement.target, scope);
      return assign(statement.target, evaluate(statement.value, scope, run), scope);
    case 'set-block': {
      const text = captured(statement.scope, statement.body, scope, run);
      const { filter } = statement;
      assign(statement.target, filter?.k === 'filter' ? filtered(filter, scope, run, text) : text, scope);
      return leaveScope(statement.scope.leave, scope);
    }
    case 'macro':
      return assign(statement.target, { kind: 'macro', definition: statement.macro, scope }, scope);
    case 'call': {
      const caller: Macro = { kind: 'macro', definition: statement.caller, scope };
      return write(toText(callExpression(statement.call, scope, run, caller), run.budget), run, output);
    }
    case 'filter': {
      const text = captured(statement.scope, statement.body, scope, run);
      if (statement.filter.k !== 'filter') return;
      const result = filtered(statement.filter, scope, run, text);
      // Jinja joins what a filter block gives as it is, which only a text survives.
      write(textOf(result) ?? fail('TypeError', `a filter block must give a text, not a ${typeName(result)}: add |string`), run, output);
      return leaveScope(statement.scope.leave, scope);
    }
    case 'with':
      enterScope(statement.scope.enter, scope, run);
      statement.targets.forEach((target, i) => {
        const value = statement.values[i];
        if (value !== undefined) assign(target, evaluate(value, scope, run), scope);
      });
      execute(statement.body, scope, run, output);
      return leaveScope(statement.scope.leave, scope);
  }
}

function captured(slots: ScopeSlots, body: readonly Statement[], scope: Scope, run: Run): string {
  enterScope(slots.enter, scope, run);
  const output: Output = { text: '' };
  execute(body, scope, run, output);
  return output.text;
}

type LoopPlace = {
  readonly scope: Scope;
  /** Where the filter of the loop is a function of. */
  readonly filterScope: Scope;
  readonly recurse: LoopState['recurse'];
  readonly depth: number;
};

function recursiveLoop(statement: ForStatement, outer: Scope, run: Run): Py {
  const recurse = (items: Py, depth: number): Py => {
    const output: Output = { text: '' };
    const scope = newScope(statement.recursiveSlots ?? 0, outer);
    loop(statement, items, { scope, filterScope: outer, recurse, depth }, run, output);
    return output.text;
  };
  return recurse(evaluate(statement.iterable, outer, run), 0);
}

function loop(statement: ForStatement, items: Py, place: LoopPlace, run: Run, output: Output): void {
  const { scope } = place;
  const source = statement.filter === null ? items : loopFilter(statement.filter, items, place.filterScope, run);
  const rounds = statement.loopSlot === null ? plainRounds(source) : countedRounds(source, statement.loopSlot, place);
  let empty = true;
  for (const item of rounds) {
    run.budget.spend(1);
    assign(statement.target, item, scope);
    enterScope(statement.scope.enter, scope, run);
    execute(statement.body, scope, run, output);
    empty = false;
  }
  leaveScope(statement.scope.leave, scope);
  if (!empty || statement.otherwise === null) return;
  enterScope(statement.otherwise.scope.enter, scope, run);
  execute(statement.otherwise.body, scope, run, output);
  leaveScope(statement.otherwise.scope.leave, scope);
}

const plainRounds = (source: Py): Iterable<Py> => iterate(source);

function* countedRounds(source: Py, slot: number, { scope, recurse, depth }: LoopPlace): Generator<Py> {
  const state = startLoop(source, recurse, depth);
  for (let item = nextItem(state); item !== undefined; item = nextItem(state)) {
    scope.slots[slot] = { kind: 'loop', state };
    yield item;
  }
}

/** The items of a loop that pass its "if", asked for one at a time. */
function loopFilter(filter: NonNullable<ForStatement['filter']>, items: Py, outer: Scope, run: Run): Py {
  const passing = function* (): Generator<Py> {
    const scope = newScope(filter.slots, outer);
    enterScope(filter.enter, scope, run);
    for (const item of iterate(items)) {
      run.budget.spend(1);
      assign(filter.target, item, scope);
      if (truthy(evaluate(filter.test, scope, run))) yield targetValue(filter.target, scope);
    }
  };
  return iterator('the loop', passing());
}

/** Calls a macro: arguments by position, then by name, then defaults. */
export function callMacro(run: Run, macro: Macro, args: Arguments): Py {
  const { definition } = macro;
  const scope = newScope(definition.slots, macro.scope);
  const line = run.line;
  fillParameters(definition, args, scope);
  enterScope(definition.enter, scope, run);
  for (const { name, slot, default: value } of definition.parameters) {
    if (scope.slots[slot] !== undefined) continue;
    scope.slots[slot] = value === null ? undefinedValue(`the parameter ${name} was not provided`) : evaluate(value, scope, run);
  }
  const output: Output = { text: '' };
  execute(definition.body, scope, run, output);
  run.line = line;
  return output.text;
}

function fillParameters(definition: MacroDefinition, { positional, named }: Arguments, scope: Scope): void {
  const { parameters, callerSlot, namedSlot, positionalSlot } = definition;
  const name = definition.name ?? 'the caller';
  const rest = new Map(named);
  parameters.forEach((parameter, i) => {
    const value = i < positional.length ? positional[i] : rest.get(parameter.name);
    if (i >= positional.length) rest.delete(parameter.name);
    scope.slots[parameter.slot] = value;
  });
  if (callerSlot !== null) {
    const caller = rest.get('caller') ?? null;
    rest.delete('caller');
    scope.slots[callerSlot] = caller === null ? undefinedValue('there is no caller: use {% call %}') : caller;
  }
  if (namedSlot !== null) scope.slots[namedSlot] = new Map<Py, Py>(rest);
  else for (const key of rest.keys()) fail('TypeError', `the macro ${name} takes no argument named ${key}`);
  if (positionalSlot !== null) scope.slots[positionalSlot] = tuple(positional.slice(parameters.length));
  else if (positional.length > parameters.length) fail('TypeError', `the macro ${name} takes at most ${parameters.length} arguments`);
}
