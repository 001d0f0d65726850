import { rangeLength } from './compare.ts';
import { viewItems } from './printing.ts';
import { fail, isDict, isList, isPyObject, textOf, typeName, type Budget, type Py, type PyList, type Range } from './values.ts';

/** Walks through a value as Python's `for` does: texts by character, dicts by key. @throws TemplateFailure when that is not possible */
export function iterate(value: Py): Iterable<Py> {
  if (isList(value)) return value;
  if (typeof value === 'string') return value;
  if (isDict(value)) return viewItems('keys', value);
  if (isPyObject(value)) {
    switch (value.kind) {
      case 'undefined':
        return [];
      case 'tuple':
        return value.items;
      case 'markup':
        return value.text;
      case 'range':
        return rangeItems(value);
      case 'view':
        return viewItems(value.of, value.dict);
      case 'iterator':
        return remaining(value);
      default:
        break;
    }
  }
  return fail('TypeError', `${typeName(value)} cannot be iterated over`);
}

/** All items of a value as a list of its own. */
export function listOf(value: Py, budget: Budget): Py[] {
  const items: Py[] = [];
  for (const item of iterate(value)) {
    budget.spend(1);
    items.push(item);
  }
  return items;
}

function* rangeItems({ start, stop, step }: Range): Generator<Py> {
  const length = rangeLength({ kind: 'range', start, stop, step });
  for (let i = 0; i < length; i++) yield start + i * step;
}

function* remaining(value: { next(): Py | undefined }): Generator<Py> {
  for (let item = value.next(); item !== undefined; item = value.next()) yield item;
}

/** `len(value)` of Python; undefined for what has no length. */
export function lengthOf(value: Py): number | undefined {
  const text = textOf(value);
  if (text !== undefined) return codePoints(text).length;
  if (isList(value)) return value.length;
  if (isDict(value)) return value.size;
  if (!isPyObject(value)) return undefined;
  if (value.kind === 'undefined') return 0;
  if (value.kind === 'tuple') return value.items.length;
  if (value.kind === 'range') return rangeLength(value);
  return value.kind === 'view' ? value.dict.size : undefined;
}

/** @throws TemplateFailure for what has no length */
export const requireLength = (value: Py): number => lengthOf(value) ?? fail('TypeError', `${typeName(value)} has no length`);

/** The items of a list, tuple or text by position; undefined for other values. */
export function sequenceItems(value: Py): PyList | undefined {
  if (isList(value)) return value;
  if (isPyObject(value) && value.kind === 'tuple') return value.items;
  return undefined;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Text by position of its characters; a string itself serves when each character has one unit. */
export const codePoints = (text: string): { readonly length: number; readonly [at: number]: string } =>
  SURROGATE.test(text) ? Array.from(text) : text;
