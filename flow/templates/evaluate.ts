import { float, integer } from '../../schemas/core.ts';
import { attributeOf, itemOf } from './python/attributes.ts';
import { dictSet } from './python/compare.ts';
import { iterate } from './python/iterate.ts';
import { callLoop } from './python/loop.ts';
import { compare } from './python/membership.ts';
import { isNumeric, negate, plus } from './python/numbers.ts';
import { applyBinary } from './python/operators.ts';
import { toText } from './python/printing.ts';
import { sliceValue } from './python/slicing.ts';
import { truthy } from './python/truth.ts';
import {
  fail,
  isDict,
  isPyObject,
  isUndefined,
  NO_ARGUMENTS,
  NO_NAMED,
  tuple,
  typeName,
  undefinedValue,
  type Arguments,
  type Macro,
  type Py,
  type Scope,
} from './python/values.ts';
import { applyFilter, applyTest, readBound, readSlot, type Run } from './run.ts';
import type { CallArguments, CallExpression, Expression, FilterExpression } from './syntax/ast.ts';

/** The value of an expression. @throws TemplateFailure */
export function evaluate(expression: Expression, scope: Scope, run: Run): Py {
  switch (expression.k) {
    case 'name':
      return expression.bound === true ? readBound(expression, scope) : readSlot(scope, expression.up, expression.slot, expression.name);
    case 'constant':
      return expression.value;
    case 'attribute':
      return attributeOf(evaluate(expression.of, scope, run), expression.name, run.budget);
    case 'item':
      return itemOf(evaluate(expression.of, scope, run), evaluate(expression.at, scope, run), run.budget);
    case 'filter':
      return filtered(expression, scope, run, null);
    case 'test':
      return applyTest(run, expression.name, evaluate(expression.of, scope, run), argumentsOf(expression.args, scope, run));
    case 'call':
      return callExpression(expression, scope, run, null);
    case 'compare':
      return compareChain(expression, scope, run);
    case 'and': {
      const left = evaluate(expression.left, scope, run);
      return truthy(left) ? evaluate(expression.right, scope, run) : left;
    }
    case 'or': {
      const left = evaluate(expression.left, scope, run);
      return truthy(left) ? left : evaluate(expression.right, scope, run);
    }
    case 'not':
      return !truthy(evaluate(expression.of, scope, run));
    case 'choice':
      return choose(expression, scope, run);
    case 'binary':
      return applyBinary(expression.operator, evaluate(expression.left, scope, run), evaluate(expression.right, scope, run), run.budget);
    case 'join':
      return joinTexts(expression.parts, scope, run);
    case 'negate':
    case 'plus':
      return signed(expression.k, evaluate(expression.of, scope, run));
    case 'list':
      return expression.items.map((item) => evaluate(item, scope, run));
    case 'tuple':
      return tuple(expression.items.map((item) => evaluate(item, scope, run)));
    case 'dict':
      return dictOf(expression.entries, scope, run);
    case 'slice':
      return slice(expression, scope, run);
    case 'float':
      return float(Number(expression.text));
    case 'integer':
      return integer(BigInt(expression.text));
  }
}

type Of<Kind extends Expression['k']> = Extract<Expression, { readonly k: Kind }>;

function compareChain({ first, rest }: Of<'compare'>, scope: Scope, run: Run): Py {
  let left = evaluate(first, scope, run);
  for (const { operator, value } of rest) {
    const right = evaluate(value, scope, run);
    if (!compare(left, operator, right, run.budget)) return false;
    left = right;
  }
  return true;
}

function choose({ test, then, otherwise, line }: Of<'choice'>, scope: Scope, run: Run): Py {
  if (truthy(evaluate(test, scope, run))) return evaluate(then, scope, run);
  return otherwise === null
    ? undefinedValue(`the condition in line ${line} does not hold, and there is no else`)
    : evaluate(otherwise, scope, run);
}

function joinTexts(parts: readonly Expression[], scope: Scope, run: Run): Py {
  let text = '';
  for (const part of parts) text = run.budget.text(text + toText(evaluate(part, scope, run), run.budget));
  return text;
}

function signed(sign: 'negate' | 'plus', value: Py): Py {
  if (isNumeric(value)) return sign === 'negate' ? negate(value) : plus(value);
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `a ${typeName(value)} has no sign`);
}

function dictOf(entries: Of<'dict'>['entries'], scope: Scope, run: Run): Py {
  const dict = new Map<Py, Py>();
  for (const [key, value] of entries) {
    const name = evaluate(key, scope, run);
    dictSet(dict, name, evaluate(value, scope, run), run.budget);
  }
  return dict;
}

function slice({ of, start, stop, step }: Of<'slice'>, scope: Scope, run: Run): Py {
  const value = evaluate(of, scope, run);
  const bound = (part: Expression | null): Py => (part === null ? null : evaluate(part, scope, run));
  return sliceValue(value, { start: bound(start), stop: bound(stop), step: bound(step) }, run.budget);
}

/** A filter, or several around each other; `text` is the value of the innermost one when it has none, as in a filter block. */
export function filtered({ of, name, args }: FilterExpression, scope: Scope, run: Run, text: string | null): Py {
  const value = of === null ? text : of.k === 'filter' ? filtered(of, scope, run, text) : evaluate(of, scope, run);
  return applyFilter(run, name, value, argumentsOf(args, scope, run));
}

/** A call; `caller` is what a call block hands to the macro. */
export function callExpression({ of, args }: CallExpression, scope: Scope, run: Run, caller: Macro | null): Py {
  const callee = evaluate(of, scope, run);
  const given = argumentsOf(args, scope, run);
  if (caller === null) return callValue(callee, given, run);
  if (given.named.has('caller')) return fail('TypeError', 'the argument caller is given twice');
  return callValue(callee, { positional: given.positional, named: new Map([...given.named, ['caller', caller]]) }, run);
}

function callValue(callee: Py, args: Arguments, run: Run): Py {
  if (isPyObject(callee)) {
    switch (callee.kind) {
      case 'function':
        return callee.call(args, run.budget);
      case 'macro':
        run.budget.spend(1);
        return run.nested(() => run.callMacro(callee, args));
      case 'loop':
        return run.nested(() => callLoop(callee.state, args, run.budget));
      case 'undefined':
        return fail('UndefinedError', callee.message);
      default:
        break;
    }
  }
  return fail('TypeError', `a ${typeName(callee)} cannot be called`);
}

function argumentsOf(args: CallArguments, scope: Scope, run: Run): Arguments {
  if (args.positional.length === 0 && args.named === undefined && args.list === undefined && args.map === undefined) return NO_ARGUMENTS;
  const positional = args.positional.map((value) => evaluate(value, scope, run));
  if (args.named === undefined && args.list === undefined && args.map === undefined) return { positional, named: NO_NAMED };
  const named = new Map<string, Py>();
  for (const [name, value] of args.named ?? []) named.set(name, evaluate(value, scope, run));
  if (args.list !== undefined) for (const item of iterate(evaluate(args.list, scope, run))) positional.push(item);
  if (args.map !== undefined) addNamed(evaluate(args.map, scope, run), named);
  return { positional, named };
}

function addNamed(map: Py, named: Map<string, Py>): void {
  if (!isDict(map)) return fail('TypeError', `a dict was expected after "**", not a ${typeName(map)}`);
  for (const [key, value] of map) {
    if (typeof key !== 'string') return fail('TypeError', 'the names of arguments must be texts');
    if (named.has(key)) return fail('TypeError', `the argument ${key} is given twice`);
    named.set(key, value);
  }
}
