import { positionalOnly, signature, type Signature } from '../python/arguments.ts';
import { equals, requireHashable } from '../python/compare.ts';
import { compare, contains } from '../python/membership.ts';
import { isLower, isUpper } from '../python/letter-case.ts';
import { isNumeric } from '../python/numbers.ts';
import { applyBinary } from '../python/operators.ts';
import { toText } from '../python/printing.ts';
import {
  fail,
  isDict,
  isFloat,
  isInteger,
  isList,
  isMarkup,
  isPyObject,
  isTuple,
  isUndefined,
  textOf,
  type Budget,
  type Py,
} from '../python/values.ts';
import type { CompareOperator } from '../syntax/ast.ts';

/** A test (`value is name(…)`). */
export type Test = {
  readonly signature: Signature;
  run(value: Py, args: readonly (Py | undefined)[], budget: Budget): boolean;
};

const is = (run: (value: Py, budget: Budget) => boolean): Test => ({
  signature: positionalOnly([]),
  run: (value, _args, budget) => run(value, budget),
});
const comparing = (operator: CompareOperator): Test => ({
  signature: positionalOnly(['other']),
  run: (value, [other = null], budget) => compare(value, operator, other, budget),
});

/** Whether a text is one of the names. */
export const nameTest = (names: ReadonlySet<string>): Test =>
  is((value) => {
    requireHashable(value);
    return names.has(textOf(value) ?? '');
  });

const rest = (value: Py, divisor: Py, budget: Budget): Py => applyBinary('%', value, divisor, budget);

const hasLengthAndItems = (value: Py): boolean =>
  textOf(value) !== undefined ||
  isList(value) ||
  isDict(value) ||
  isTuple(value) ||
  isUndefined(value) ||
  (isPyObject(value) && value.kind === 'range');

const ITERABLE: ReadonlySet<string> = new Set(['undefined', 'tuple', 'markup', 'range', 'iterator', 'view', 'loop']);
const CALLABLE: ReadonlySet<string> = new Set(['undefined', 'macro', 'function', 'loop']);

const isIterable = (value: Py): boolean =>
  typeof value === 'string' || isList(value) || isDict(value) || (isPyObject(value) && ITERABLE.has(value.kind));

/** `is` of Python: only where identity does not depend on how Python stores values. */
function sameObject(value: Py, other: Py): boolean {
  if (value === null || other === null || typeof value === 'boolean' || typeof other === 'boolean') return value === other;
  if (isList(value) || isDict(value) || isList(other) || isDict(other)) return value === other;
  return fail('LimitError', 'the test sameas is supported for true, false, none, lists and dicts: use ==');
}

export const VALUE_TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['boolean', is((value) => typeof value === 'boolean')],
  ['callable', is((value) => isPyObject(value) && CALLABLE.has(value.kind))],
  ['defined', is((value) => !isUndefined(value))],
  [
    'divisibleby',
    { signature: signature(['num']), run: (value, [divisor = 0], budget) => equals(rest(value, divisor, budget), 0, budget) },
  ],
  ['escaped', is(isMarkup)],
  ['even', is((value, budget) => equals(rest(value, 2, budget), 0, budget))],
  ['false', is((value) => value === false)],
  ['float', is(isFloat)],
  ['in', { signature: signature(['seq']), run: (value, [container = null], budget) => contains(container, value, budget) }],
  ['integer', is((value) => isInteger(value) && typeof value !== 'boolean')],
  ['iterable', is(isIterable)],
  ['lower', is((value, budget) => isLower(toText(value, budget)))],
  ['mapping', is(isDict)],
  ['none', is((value) => value === null)],
  ['number', is(isNumeric)],
  ['odd', is((value, budget) => equals(rest(value, 2, budget), 1, budget))],
  ['sameas', { signature: signature(['other']), run: (value, [other = null]) => sameObject(value, other) }],
  ['sequence', is(hasLengthAndItems)],
  ['string', is((value) => textOf(value) !== undefined)],
  ['true', is((value) => value === true)],
  ['undefined', is(isUndefined)],
  ['upper', is((value, budget) => isUpper(toText(value, budget)))],
  ...(['==', 'eq', 'equalto'] as const).map((name): [string, Test] => [name, comparing('==')]),
  ...(['!=', 'ne'] as const).map((name): [string, Test] => [name, comparing('!=')]),
  ...(['>', 'gt', 'greaterthan'] as const).map((name): [string, Test] => [name, comparing('>')]),
  ...(['>=', 'ge'] as const).map((name): [string, Test] => [name, comparing('>=')]),
  ...(['<', 'lt', 'lessthan'] as const).map((name): [string, Test] => [name, comparing('<')]),
  ...(['<=', 'le'] as const).map((name): [string, Test] => [name, comparing('<=')]),
]);
