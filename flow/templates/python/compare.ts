import { comparable, compareCodePoints, numbersEqual } from '../../text/index.ts';
import { isNumeric } from './numbers.ts';
import {
  fail,
  isDict,
  isFloatObject,
  isList,
  isPyObject,
  isTuple,
  isUndefined,
  textOf,
  typeName,
  type Budget,
  type Py,
  type PyDict,
  type PyList,
  type Range,
} from './values.ts';

/** `a == b` of Python. */
export function equals(a: Py, b: Py, budget: Budget): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (a === null || b === null) return a === b;
  if (isNumeric(a)) return isNumeric(b) && numbersEqual(comparable(a), comparable(b));
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  if (isList(a)) return isList(b) && sameItems(a, b, budget);
  if (isDict(a)) return isDict(b) && sameEntries(a, b, budget);
  if (!isPyObject(a) || !isPyObject(b)) return a === b;
  if (a.kind === 'undefined') return b.kind === 'undefined';
  if (a.kind === 'tuple') return b.kind === 'tuple' && sameItems(a.items, b.items, budget);
  if (a.kind === 'range') return b.kind === 'range' && sameRange(a, b);
  if (a.kind === 'view' && b.kind === 'view' && a.of !== 'values')
    return a === b || fail('LimitError', 'comparing views of dicts is not supported');
  return a === b;
}

function sameItems(a: PyList, b: PyList, budget: Budget): boolean {
  budget.spend(1);
  return a.length === b.length && a.every((item, i) => same(item, b[i] ?? null, budget));
}

function sameEntries(a: PyDict, b: PyDict, budget: Budget): boolean {
  budget.spend(1);
  if (a.size !== b.size) return false;
  for (const [key, item] of a) {
    const other = dictGet(b, key, budget);
    if (other === undefined || !same(item, other, budget)) return false;
  }
  return true;
}

/** Inside containers Python takes a value as equal to itself, even NaN. */
const same = (a: Py, b: Py, budget: Budget): boolean => a === b || equals(a, b, budget);

function sameRange(a: Range, b: Range): boolean {
  const length = rangeLength(a);
  if (length !== rangeLength(b)) return false;
  return length === 0 || (a.start === b.start && (length === 1 || a.step === b.step));
}

export const rangeLength = ({ start, stop, step }: Range): number => Math.max(0, Math.ceil((stop - start) / step));

type Order = '<' | '<=' | '>' | '>=';

/** `a < b` and the like of Python. @throws TemplateFailure for types without an order */
export function ordered(a: Py, operator: Order, b: Py, budget: Budget): boolean {
  if (isNumeric(a) && isNumeric(b)) return holds(comparable(a), operator, comparable(b));
  const [x, y] = [textOf(a), textOf(b)];
  if (x !== undefined && y !== undefined) return holds(compareCodePoints(x, y), operator, 0);
  const [list, other] = [sequenceOf(a), sequenceOf(b)];
  if (list !== undefined && other !== undefined && isList(a) === isList(b)) return orderedItems(list, operator, other, budget);
  for (const value of [a, b]) if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `"${operator}" is not possible between ${typeName(a)} and ${typeName(b)}`);
}

const sequenceOf = (value: Py): PyList | undefined => (isList(value) ? value : isTuple(value) ? value.items : undefined);

function orderedItems(a: PyList, operator: Order, b: PyList, budget: Budget): boolean {
  budget.spend(1);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a[i] ?? null, b[i] ?? null];
    if (!same(x, y, budget)) return ordered(x, operator, y, budget);
  }
  return holds(a.length, operator, b.length);
}

function holds(a: number | bigint, operator: Order, b: number | bigint): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

/** Sorts by keys as Python's `sorted` does: stable, also in reverse. @throws TemplateFailure for keys without an order */
export function sortByKey<T>(items: readonly T[], keyOf: (item: T) => Py, reverse: boolean, budget: Budget): T[] {
  const pairs = items.map((item) => ({ item, key: keyOf(item) }));
  if (pairs.length > 1) for (const { key } of pairs) refuseNaN(key);
  const sign = reverse ? -1 : 1;
  pairs.sort((a, b) => {
    budget.spend(1);
    if (ordered(a.key, '<', b.key, budget)) return -sign;
    return ordered(b.key, '<', a.key, budget) ? sign : 0;
  });
  return pairs.map(({ item }) => item);
}

// NaN has no place in an order: the result would depend on the steps of the sorting method.
function refuseNaN(key: Py): void {
  if (isFloatObject(key) && Number.isNaN(key.float)) fail('LimitError', 'a list with NaN cannot be sorted');
  const items = sequenceOf(key);
  if (items !== undefined) for (const item of items) refuseNaN(item);
}

/** Looks a key up; numbers that are equal are the same key. @throws TemplateFailure for a key that cannot be one */
export function dictGet(dict: PyDict, key: Py, budget: Budget): Py | undefined {
  if (typeof key === 'string') return dict.get(key);
  const found = findKey(dict, key, budget);
  return found === undefined ? undefined : dict.get(found.key);
}

/** The key of the dict that equals `key`; undefined when there is none. @throws TemplateFailure for a key that cannot be one */
export function findKey(dict: PyDict, key: Py, budget: Budget): { readonly key: Py } | undefined {
  const text = textOf(key);
  if (text !== undefined) return dict.has(text) ? { key: text } : undefined;
  requireHashable(key);
  for (const known of dict.keys()) {
    if (typeof known !== 'string' && equals(known, key, budget)) return { key: known };
  }
  return undefined;
}

/** Sets a key, or replaces the value of the key that equals it. @throws TemplateFailure for a key that cannot be one */
export function dictSet(dict: Map<Py, Py>, key: Py, value: Py, budget: Budget): void {
  if (isPyObject(key) && key.kind === 'markup')
    fail('LimitError', "text marked as safe cannot be a key: turn it into plain text with ~ ''");
  dict.set(typeof key === 'string' ? key : (findKey(dict, key, budget)?.key ?? key), value);
}

/** @throws TemplateFailure for what Python cannot use as a key or in a set */
export function requireHashable(key: Py): void {
  if (isList(key) || isDict(key) || (isPyObject(key) && key.kind === 'view')) fail('TypeError', `a ${typeName(key)} cannot be a key`);
  if (isTuple(key)) key.items.forEach(requireHashable);
}
