import { isObject, parseJson, type ObjectValue, type Value } from '../../schemas/core.ts';

/** Deeper nesting is not followed: hostile text must not exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * The objects of JSON in a text, alone, in a code fence or amid prose, in their order; those within others are not told apart. What
 * is not valid JSON is passed over. At most `MOST_STEPS` characters are looked at, however often braces open.
 */
export function* jsonObjectsIn(text: string): Generator<ObjectValue, void> {
  let steps = MOST_STEPS;
  for (let at = text.indexOf('{'); at !== -1 && steps > 0;) {
    const end = closingBrace(text, at, steps);
    steps -= (end === -1 ? text.length : end) - at;
    const parsed = end === -1 ? undefined : parseJson(text.slice(at, end + 1));
    const found = parsed?.ok === true && isObject(parsed.value) ? parsed.value : undefined;
    if (found !== undefined) yield found;
    at = text.indexOf('{', found === undefined ? at + 1 : end + 1);
  }
}

const MOST_STEPS = 5_000_000;

/** Where the object that opens at `start` closes: braces in strings do not count. -1 when it does not. */
function closingBrace(text: string, start: number, most: number): number {
  let depth = 0;
  let quoted = false;
  const end = Math.min(text.length, start + most);
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (quoted) {
      if (unit === 92) at++;
      else if (unit === 34) quoted = false;
    } else if (unit === 34) quoted = true;
    else if (unit === 123) depth++;
    else if (unit === 125 && --depth === 0) return at;
  }
  return -1;
}

/**
 * Reads text that was meant to be JSON, as models and people write it: quotes of any kind or none, commas too many or missing, brackets
 * never closed, comments, `True`, `None`. Begins at the first bracket. Undefined where the text holds none.
 */
export function parseLooseJson(text: string): Value | undefined {
  const strict = parseJson(text.trim());
  if (strict.ok) return strict.value;
  const start = text.search(/[{[]/);
  return start === -1 ? undefined : new LooseReader(text, start).value(0);
}

const CLOSING_QUOTES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['‘', '’'],
  ['`', '`'],
]);
const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
  ['None', null],
]);
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
]);
const BLANKS = /\s/;
const SEPARATORS = /[\s,;]/;
/** How far is looked behind a quote for what follows it. */
const LOOK_AHEAD = 100;

// A class because a cursor over a text is a resource with a lifetime: one call of parseLooseJson.
class LooseReader {
  readonly #text: string;
  #at: number;
  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  value(depth: number): Value {
    this.#skip(BLANKS);
    const open = this.#peek();
    if (depth < MAX_DEPTH && open === '{') return this.#object(depth);
    if (depth < MAX_DEPTH && open === '[') return this.#array(depth);
    const close = CLOSING_QUOTES.get(open);
    return close === undefined ? wordValue(this.#bare(/[,}\]\n"]/)) : this.#quoted(close, /[,}\]]/);
  }

  #object(depth: number): ObjectValue {
    const entries = new Map<string, Value>();
    this.#at++;
    for (;;) {
      this.#skip(SEPARATORS);
      const next = this.#peek();
      if (next === '' || next === '}' || next === ']') return this.#closed(entries, next === '}');
      const close = CLOSING_QUOTES.get(next);
      const key = close === undefined ? this.#bare(/[:,}\]\n]/) : this.#quoted(close, /:/);
      this.#skip(BLANKS);
      if (this.#peek() === ':') {
        this.#at++;
        entries.set(key, this.value(depth + 1));
      } else if (key === '') this.#at++;
    }
  }

  #array(depth: number): readonly Value[] {
    const items: Value[] = [];
    this.#at++;
    for (;;) {
      this.#skip(SEPARATORS);
      const next = this.#peek();
      if (next === '' || next === ']' || next === '}') return this.#closed(items, next === ']');
      const before = this.#at;
      items.push(this.value(depth + 1));
      if (this.#at === before) this.#at++;
    }
  }

  /** A bracket that belongs to something further out is left to it. */
  #closed<T>(value: T, own: boolean): T {
    if (own) this.#at++;
    return value;
  }

  /** A quote ends the text only where something that may follow a text comes next: models forget to escape quotes within. */
  #quoted(close: string, follows: RegExp): string {
    let read = '';
    this.#at++;
    for (; this.#at < this.#text.length; this.#at++) {
      const unit = this.#peek();
      if (unit === '\\') read += this.#escape();
      else if (unit !== close || !this.#ends(follows)) read += unit;
      else {
        this.#at++;
        return read;
      }
    }
    return read;
  }

  #escape(): string {
    const unit = this.#text.charAt(++this.#at);
    const hex = unit === 'u' ? /^[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at + 1, this.#at + 5))?.[0] : undefined;
    if (hex === undefined) return ESCAPED.get(unit) ?? unit;
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #ends(follows: RegExp): boolean {
    const after = this.#text.slice(this.#at + 1, this.#at + 1 + LOOK_AHEAD).trimStart();
    return after === '' || follows.test(after.charAt(0));
  }

  #bare(until: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !until.test(this.#peek())) this.#at++;
    return this.#text.slice(start, this.#at).trim();
  }

  #skip(what: RegExp): void {
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text.startsWith('//', this.#at)) this.#skipTo('\n');
      else if (this.#text.startsWith('/*', this.#at)) this.#skipTo('*/');
      else if (!what.test(this.#peek())) return;
    }
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found === -1 ? this.#text.length : found + end.length - 1;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }
}

function wordValue(word: string): Value {
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  const number = /^-?\d/.test(word) ? parseJson(word) : undefined;
  return number?.ok === true ? number.value : word;
}
