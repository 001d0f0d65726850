import { isArray, isObject, type Value } from '../../../schemas/index.ts';

export type Location = readonly (string | number)[];
export type Match = { readonly location: Location; readonly value: Value };

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number | null; readonly end: number | null; readonly step: number }
  | { readonly kind: 'all' };
/** `deep`: also in everything below. */
type Step = { readonly deep: boolean; readonly selectors: readonly Selector[] };
export type JsonPath = { readonly steps: readonly Step[] };
export type PathResult = { readonly ok: true; readonly path: JsonPath } | { readonly ok: false; readonly message: string };

const LONGEST = 2000;
const NAME = /[\p{L}\p{N}_@$][\p{L}\p{N}_@$-]*/uy;
const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/y;
const SLICE = /\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?)?\s*(?=[,\]])/y;
const INDEX = /\s*(-?\d+)\s*(?=[,\]])/y;

/**
 * Reads a JSONPath: `$.a.b`, `$['a b']`, `$.list[0]`, `[-1]`, `[1:3]`, `[*]`, `.*`, `..name`, `['a','b']`; the `$` may be left out. Filters,
 * scripts and functions are not supported, and said to be.
 */
export function parseJsonPath(text: string): PathResult {
  const source = text.trim();
  if (source === '' || source.length > LONGEST) return wrong(source, 'it is empty or too long');
  const steps: Step[] = [];
  let at = source.startsWith('$') && !/^\$[\p{L}\p{N}_]/u.test(source) ? 1 : 0;
  let bare = at === 0 && !/^[.[]/.test(source);
  while (at < source.length) {
    const deep = source.startsWith('..', at);
    const dotted = deep || source[at] === '.';
    if (deep) at += 2;
    else if (dotted) at += 1;
    const bracketed = source[at] === '[';
    if (!bracketed && !dotted && !bare) return wrong(source, `"." or "[" was expected at character ${at + 1}`);
    const read = bracketed ? readBrackets(source, at) : readName(source, at);
    if (typeof read === 'string') return wrong(source, read);
    bare = false;
    steps.push({ deep, selectors: read.selectors });
    at = read.end;
  }
  return { ok: true, path: { steps } };
}

const wrong = (source: string, why: string): PathResult => ({
  ok: false,
  message: `"${source.slice(0, 100)}" is no JSONPath that can be read: ${why}`,
});

type Read = { readonly selectors: readonly Selector[]; readonly end: number };

function readName(source: string, at: number): Read | string {
  if (source[at] === '*') return { selectors: [{ kind: 'all' }], end: at + 1 };
  const quoted = matchAt(QUOTED, source, at);
  if (quoted !== null) return { selectors: [{ kind: 'name', name: unquoted(quoted) }], end: at + quoted[0].length };
  const name = matchAt(NAME, source, at)?.[0];
  if (name === undefined) return `a name was expected at character ${at + 1}`;
  if (source[at + name.length] === '(') return `functions such as ${name}() are not supported`;
  return { selectors: [{ kind: 'name', name }], end: at + name.length };
}

function readBrackets(source: string, from: number): Read | string {
  const selectors: Selector[] = [];
  let at = from + 1;
  for (;;) {
    while (source[at] === ' ') at++;
    if (source[at] === '?' || source[at] === '(') return 'filters and scripts are not supported';
    const read = readSelector(source, at);
    if (typeof read === 'string') return read;
    selectors.push(...read.selectors);
    at = read.end;
    while (source[at] === ' ') at++;
    if (source[at] === ']') return { selectors, end: at + 1 };
    if (source[at] !== ',') return `"," or "]" was expected at character ${at + 1}`;
    at++;
  }
}

function readSelector(source: string, at: number): Read | string {
  const slice = matchAt(SLICE, source, at);
  if (slice !== null) {
    const number = (digits: string | undefined): number | null => (digits === undefined ? null : Number(digits));
    const step = number(slice[3]) ?? 1;
    if (step < 1) return 'the step of a slice must be 1 or more';
    return { selectors: [{ kind: 'slice', start: number(slice[1]), end: number(slice[2]), step }], end: at + slice[0].length };
  }
  const index = matchAt(INDEX, source, at);
  return index === null ? readName(source, at) : { selectors: [{ kind: 'index', index: Number(index[1]) }], end: at + index[0].length };
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

const unquoted = (match: RegExpExecArray): string => (match[1] ?? match[2] ?? '').replace(/\\(.)/g, '$1');

/** More places are not looked at: paths such as `$..*..*` multiply. */
const MOST_MATCHES = 100_000;

/** The values a path leads to, with their places, in the order of the document; undefined when there are too many. */
export function findMatches(root: Value, { steps }: JsonPath): readonly Match[] | undefined {
  let matches: readonly Match[] = [{ location: [], value: root }];
  for (const { deep, selectors } of steps) {
    const found: Match[] = [];
    for (const match of matches) {
      for (const place of deep ? withAllBelow(match) : [match]) {
        for (const selector of selectors) found.push(...select(place, selector));
        if (found.length > MOST_MATCHES) return undefined;
      }
    }
    matches = found;
  }
  return matches;
}

function* withAllBelow(match: Match): Generator<Match> {
  yield match;
  for (const child of select(match, { kind: 'all' })) yield* withAllBelow(child);
}

function select({ location, value }: Match, selector: Selector): readonly Match[] {
  const at = (key: string | number, item: Value | undefined): readonly Match[] =>
    item === undefined ? [] : [{ location: [...location, key], value: item }];
  if (selector.kind === 'name') return isObject(value) ? at(selector.name, value.get(selector.name)) : [];
  if (selector.kind === 'all') {
    if (isObject(value)) return Array.from(value).flatMap(([key, item]) => at(key, item));
    return isArray(value) ? value.flatMap((item, i) => at(i, item)) : [];
  }
  if (!isArray(value)) return [];
  const place = (n: number): number => (n < 0 ? Math.max(value.length + n, 0) : Math.min(n, value.length));
  if (selector.kind === 'index') {
    const index = selector.index < 0 ? value.length + selector.index : selector.index;
    return at(index, value[index]);
  }
  const found: Match[] = [];
  const end = selector.end === null ? value.length : place(selector.end);
  for (let i = place(selector.start ?? 0); i < end; i += selector.step) found.push(...at(i, value[i]));
  return found;
}
