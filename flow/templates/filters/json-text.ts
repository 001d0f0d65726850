import { compareCodePoints, pythonJson } from '../../text/index.ts';
import { sortByKey } from '../python/compare.ts';
import { isNumeric } from '../python/numbers.ts';
import {
  fail,
  isDict,
  isList,
  isPyObject,
  isTuple,
  textOf,
  typeName,
  type Budget,
  type Py,
  type PyDict,
  type PyList,
} from '../python/values.ts';

const MAX_DEPTH = 200;

/** `json.dumps(value, sort_keys=True, indent=…)` of Python; `margin` is the indent of one level. @throws TemplateFailure */
export function jsonText(value: Py, margin: string | undefined, budget: Budget): string {
  return dump(value, { margin, budget }, { newline: '\n', depth: 0 });
}

type Style = { readonly margin: string | undefined; readonly budget: Budget };
type Place = { readonly newline: string; readonly depth: number };

function dump(value: Py, style: Style, place: Place): string {
  if (place.depth > MAX_DEPTH) return fail('LimitError', `a value is nested deeper than ${MAX_DEPTH} levels`);
  const text = textOf(value);
  if (text !== undefined) return pythonJson(text, { ensureAscii: true });
  if (value === null || isNumeric(value)) return pythonJson(value, { ensureAscii: true });
  if (isList(value)) return brackets(dumpItems(value, style, place), '[]', style, place);
  if (isTuple(value)) return brackets(dumpItems(value.items, style, place), '[]', style, place);
  if (isDict(value)) return brackets(dumpEntries(value, style, place), '{}', style, place);
  if (isPyObject(value))
    return fail('TypeError', `a ${typeName(value)} cannot be written as JSON${value.kind === 'iterator' ? ': add |list' : ''}`);
  return fail('SecretError', 'a secret cannot be written as JSON');
}

const inner = (style: Style, place: Place): Place => ({ newline: place.newline + (style.margin ?? ''), depth: place.depth + 1 });

function dumpItems(items: PyList, style: Style, place: Place): string[] {
  style.budget.spend(1);
  return items.map((item) => dump(item, style, inner(style, place)));
}

function dumpEntries(dict: PyDict, style: Style, place: Place): string[] {
  style.budget.spend(1);
  return sortedEntries(dict, style.budget).map(
    ([key, item]) => `${pythonJson(keyText(key), { ensureAscii: true })}: ${dump(item, style, inner(style, place))}`,
  );
}

function sortedEntries(dict: PyDict, budget: Budget): readonly (readonly [Py, Py])[] {
  const entries = [...dict];
  const text = (key: unknown): string => (typeof key === 'string' ? key : '');
  if (entries.every(([key]) => typeof key === 'string')) return entries.sort(([a], [b]) => compareCodePoints(text(a), text(b)));
  return sortByKey(entries, ([key]) => key, false, budget);
}

function keyText(key: Py): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key === null || isNumeric(key)) return pythonJson(key, { ensureAscii: true });
  return fail('TypeError', `a ${typeName(key)} cannot be a key in JSON`);
}

function brackets(
  parts: readonly string[],
  [open = '', close = '']: Iterable<string> & string,
  { margin, budget }: Style,
  place: Place,
): string {
  if (parts.length === 0) return open + close;
  budget.room(parts.reduce((sum, part) => sum + part.length, 0));
  if (margin === undefined) return open + parts.join(', ') + close;
  const newline = place.newline + margin;
  return `${open}${newline}${parts.join(`,${newline}`)}${place.newline}${close}`;
}
