import { codePointLength, PYTHON_SPACE, pythonRepr } from '../../text/index.ts';
import { sortByKey } from '../python/compare.ts';
import { repr } from '../python/printing.ts';
import { splitLines } from '../python/text-split.ts';
import { fail, isDict, isList, isTuple, typeName, type Budget, type Py, type PyDict, type PyList } from '../python/values.ts';

const WIDTH = 80;
const MAX_DEPTH = 200;
const WORDS = new RegExp(`[^${PYTHON_SPACE}]*[${PYTHON_SPACE}]*`, 'gu');

/** Where a value is printed: its column, how many characters must follow it on its last line, and how deep it lies. */
type Place = { readonly indent: number; readonly allowance: number; readonly level: number };

/** `pprint.pformat(value)` of Python: on one line of 80 characters when it fits, else one item per line; keys of dicts are sorted. */
export const prettyPrint = (value: Py, budget: Budget): string => budget.text(format(value, { indent: 0, allowance: 0, level: 0 }, budget));

function format(value: Py, place: Place, budget: Budget): string {
  if (place.level > MAX_DEPTH) return fail('LimitError', `a value is nested deeper than ${MAX_DEPTH} levels`);
  const line = sortedRepr(value, budget, place.level);
  if (codePointLength(line) <= WIDTH - place.indent - place.allowance) return line;
  const inner = { ...place, level: place.level + 1 };
  if (typeof value === 'string') return formatText(value, inner);
  if (isDict(value)) return `{${formatEntries(value, { ...inner, allowance: place.allowance + 1 }, budget)}}`;
  if (isList(value)) return `[${formatItems(value, { ...inner, allowance: place.allowance + 1 }, budget)}]`;
  if (!isTuple(value) || value.names !== undefined) return line;
  const end = value.items.length === 1 ? ',)' : ')';
  return `(${formatItems(value.items, { ...inner, allowance: place.allowance + end.length }, budget)}${end}`;
}

const newLine = (indent: number): string => `\n${' '.repeat(indent)}`;

function formatItems(items: PyList, { indent, allowance, level }: Place, budget: Budget): string {
  const column = indent + 1;
  const last = items.length - 1;
  const parts = items.map((item, i) => format(item, { indent: column, allowance: i === last ? allowance : 1, level }, budget));
  budget.room(parts.length * column);
  return parts.join(`,${newLine(column)}`);
}

function formatEntries(dict: PyDict, { indent, allowance, level }: Place, budget: Budget): string {
  const column = indent + 1;
  const last = dict.size - 1;
  const parts = sortedEntries(dict, budget).map(([key, item], i) => {
    const name = `${sortedRepr(key, budget, level)}: `;
    return name + format(item, { indent: column + codePointLength(name), allowance: i === last ? allowance : 1, level }, budget);
  });
  budget.room(parts.length * column);
  return parts.join(`,${newLine(column)}`);
}

/** Cuts a long text into several literals, at line breaks and between words. */
function formatText(text: string, { indent, allowance, level }: Place): string {
  if (text === '') return "''";
  const [column, rest] = level === 1 ? [indent + 1, allowance + 1] : [indent, allowance];
  const width = WIDTH - column;
  const lines = splitLines(text, true);
  const chunks = lines.flatMap((line, i) => {
    const allowed = i === lines.length - 1 ? width - rest : width;
    const whole = pythonRepr(line);
    return codePointLength(whole) <= allowed ? [whole] : cutLine(line, width, allowed);
  });
  if (chunks.length === 1) return pythonRepr(lines.at(-1) ?? '');
  const body = chunks.join(newLine(column));
  return level === 1 ? `(${body})` : body;
}

function cutLine(line: string, width: number, lastWidth: number): string[] {
  const words = (line.match(WORDS) ?? []).filter((word) => word !== '');
  const chunks: string[] = [];
  let current = '';
  words.forEach((word, i) => {
    const candidate = current + word;
    if (codePointLength(pythonRepr(candidate)) <= (i === words.length - 1 ? lastWidth : width)) {
      current = candidate;
      return;
    }
    if (current !== '') chunks.push(pythonRepr(current));
    current = word;
  });
  return current === '' ? chunks : [...chunks, pythonRepr(current)];
}

/** The repr on one line, with the keys of dicts sorted. */
function sortedRepr(value: Py, budget: Budget, depth: number): string {
  if (depth > MAX_DEPTH) return fail('LimitError', `a value is nested deeper than ${MAX_DEPTH} levels`);
  const items = (list: PyList): string => list.map((item) => sortedRepr(item, budget, depth + 1)).join(', ');
  if (isList(value) || isDict(value)) budget.spend(1);
  if (isList(value)) return budget.text(`[${items(value)}]`);
  if (isTuple(value) && value.names === undefined)
    return budget.text(value.items.length === 1 ? `(${items(value.items)},)` : `(${items(value.items)})`);
  if (!isDict(value)) return repr(value, budget);
  const parts = sortedEntries(value, budget).map(
    ([key, item]) => `${sortedRepr(key, budget, depth + 1)}: ${sortedRepr(item, budget, depth + 1)}`,
  );
  return budget.text(`{${parts.join(', ')}}`);
}

// Keys of different types come in the order of the names of their types.
function sortedEntries(dict: PyDict, budget: Budget): readonly (readonly [Py, Py])[] {
  const kinds = new Set(Array.from(dict.keys(), typeName));
  const numeric = ['bool', 'int', 'float'];
  if (kinds.size > 1 && ![...kinds].every((kind) => numeric.includes(kind)))
    return fail('LimitError', 'pprint of a dict with keys of several types is not supported');
  return kinds.has('NoneType') ? [...dict] : sortByKey([...dict], ([key]) => key, false, budget);
}
