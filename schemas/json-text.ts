import { float, integer, isArray, isObject, isSecretRef, type Value } from './values.ts';

/** Nesting deeper than this is refused: hostile input must not exhaust the stack. */
const MAX_JSON_DEPTH = 200;

/** More digits cost quadratic time to convert; Python refuses beyond 4300, and so do we. */
const MOST_DIGITS = 4300;
const LARGEST_INTEGER = 10n ** BigInt(MOST_DIGITS - 1);

export type JsonError = { readonly message: string; readonly offset: number; readonly line: number; readonly column: number };
export type JsonResult = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: JsonError };

/**
 * Reads JSON text as Python's json module reads it: 2 and 2.0 stay apart, integers stay exact, keys keep their order and a key
 * given twice has its last value. Unlike Python it refuses NaN and Infinity, which are no JSON.
 */
export function parseJson(text: string): JsonResult {
  const reader = new JsonReader(text);
  try {
    return { ok: true, value: reader.document() };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const before = text.slice(0, error.offset);
    const line = before.split('\n').length;
    return { ok: false, error: { message: error.message, offset: error.offset, line, column: error.offset - before.lastIndexOf('\n') } };
  }
}

class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const PLAIN_STRING = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

// A class because a cursor over a text is a resource with a lifetime: one call of parseJson.
class JsonReader {
  #at = 0;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    this.#blanks();
    const value = this.#value(0);
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail('there is more text after the JSON value');
    return value;
  }

  #value(depth: number): Value {
    if (depth > MAX_JSON_DEPTH) this.#fail(`the JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
    const char = this.#text[this.#at];
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"') return this.#string();
    if (this.#word('true')) return true;
    if (this.#word('false')) return false;
    if (this.#word('null')) return null;
    return this.#number();
  }

  #object(depth: number): Value {
    const object = new Map<string, Value>();
    this.#at++;
    this.#blanks();
    if (this.#take('}')) return object;
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes was expected');
      const key = this.#string();
      this.#blanks();
      if (!this.#take(':')) this.#fail('":" was expected after a key');
      this.#blanks();
      object.set(key, this.#value(depth + 1));
      this.#blanks();
      if (this.#take('}')) return object;
      if (!this.#take(',')) this.#fail('"," or "}" was expected');
      this.#blanks();
    }
  }

  #array(depth: number): Value {
    const items: Value[] = [];
    this.#at++;
    this.#blanks();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#blanks();
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail('"," or "]" was expected');
      this.#blanks();
    }
  }

  #string(): string {
    this.#at++;
    let result = '';
    for (;;) {
      PLAIN_STRING.lastIndex = this.#at;
      const plain = PLAIN_STRING.exec(this.#text)?.[0] ?? '';
      result += plain;
      this.#at += plain.length;
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at++;
        return result;
      }
      if (char !== '\\')
        this.#fail(char === undefined ? 'the text ends within a string' : 'a control character must be escaped in a string');
      result += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    const simple = ESCAPES.get(letter);
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('an unknown escape in a string');
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #number(): Value {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) this.#fail(this.#at >= this.#text.length ? 'the text ends too early' : 'a JSON value was expected');
    this.#at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) return float(Number(match[0]));
    if (match[0].length > MOST_DIGITS) this.#fail(`an integer has more than ${MOST_DIGITS} digits`);
    return match[0].length < 16 ? integer(Number(match[0])) : integer(BigInt(match[0]));
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #fail(message: string): never {
    throw new JsonSyntaxError(message, this.#at);
  }
}

/**
 * A value as JSON text for people and other programs: 2.0 prints as `2.0`, integers in full, keys in their order, non-ASCII kept.
 * NaN and infinities, which JSON lacks, print as null; a secret prints as "[secret NAME]".
 */
export function toJsonText(value: Value, indent = 0): string {
  return print(value, indent, '');
}

function print(value: Value, indent: number, margin: string): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = margin + ' '.repeat(indent);
  const [open, gap, colon] = indent > 0 ? [`\n${inner}`, `,\n${inner}`, ': '] : ['', ',', ':'];
  const close = indent > 0 ? `\n${margin}` : '';
  if (isArray(value)) {
    return value.length === 0 ? '[]' : `[${open}${value.map((item) => print(item, indent, inner)).join(gap)}${close}]`;
  }
  if (isObject(value)) {
    const entries = Array.from(value, ([key, item]) => `${JSON.stringify(key)}${colon}${print(item, indent, inner)}`);
    return entries.length === 0 ? '{}' : `{${open}${entries.join(gap)}${close}}`;
  }
  if (isSecretRef(value)) return JSON.stringify(`[secret ${value.secret}]`);
  if (!Number.isFinite(value.float)) return 'null';
  if (Object.is(value.float, -0)) return '-0.0';
  const text = String(value.float);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Whether JSON text of a value can be read again by `parseJson`: values that were not made of such text may be nested deeper, or have longer integers. */
export function fitsJson(value: Value, depth = 0): boolean {
  if (depth > MAX_JSON_DEPTH) return false;
  if (typeof value === 'bigint') return -LARGEST_INTEGER < value && value < LARGEST_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  if (isArray(value)) return value.every((item) => fitsJson(item, depth + 1));
  return !isObject(value) || value.values().every((item) => fitsJson(item, depth + 1));
}

/** A JavaScript value from a parser (YAML, JSON.parse) as a pool value. Undefined and functions become null. */
export function fromPlain(plain: unknown): Value {
  if (plain === null || typeof plain === 'string' || typeof plain === 'boolean') return plain;
  if (typeof plain === 'number') return Number.isInteger(plain) && Number.isSafeInteger(plain) ? integer(plain) : float(plain);
  if (typeof plain === 'bigint') return integer(plain);
  if (Array.isArray(plain)) return plain.map(fromPlain);
  if (plain instanceof Map) return new Map(Array.from(plain, ([key, item]): [string, Value] => [String(key), fromPlain(item)]));
  if (typeof plain === 'object') return new Map(Object.entries(plain).map(([key, item]): [string, Value] => [key, fromPlain(item)]));
  return null;
}
