import { isArray, isObject, isSecretRef, type ArrayValue, type ObjectValue, type Value } from '../../schemas/core.ts';
import { compareCodePoints } from './code-points.ts';
import { secretPlaceholder } from './secret-text.ts';

/** `str(value)` of Python. A secret prints as its placeholder. */
export const pythonStr = (value: Value): string => (typeof value === 'string' ? value : pythonRepr(value));

/** `repr(value)` of Python, as it also appears inside printed lists and dicts. */
export function pythonRepr(value: Value): string {
  switch (typeof value) {
    case 'string':
      return reprString(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return Number.isInteger(value) ? String(value) : pythonFloat(value);
    case 'bigint':
      return value.toString();
    default:
      if (value === null) return 'None';
      if (isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
      if (isObject(value)) return `{${Array.from(value, ([key, item]) => `${reprString(key)}: ${pythonRepr(item)}`).join(', ')}}`;
      return isSecretRef(value) ? secretPlaceholder(value) : pythonFloat(value.float);
  }
}

/** A double as Python prints a float: shortest digits, an exponent from 1e+16 up and below 0.0001, ".0" when integral. */
export function pythonFloat(n: number): string {
  if (!Number.isFinite(n)) return Number.isNaN(n) ? 'nan' : n > 0 ? 'inf' : '-inf';
  const size = Math.abs(n);
  if (size >= 1e16 || (size < 1e-4 && size !== 0)) return exponentForm(n);
  if (!Number.isInteger(n)) return String(n);
  return Object.is(n, -0) ? '-0.0' : `${n}.0`;
}

function exponentForm(n: number): string {
  const [digits = '', exponent = ''] = n.toExponential().split('e');
  return `${digits}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}

const NEEDS_ESCAPE = /[^\x20-\x7e]|['\\]/;
// str.isprintable() of Python: everything but the categories "other" and "separator", of which only the blank is printable.
const UNPRINTABLE = /[\\]|(?! )[\p{C}\p{Z}]/gu;

function reprString(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `'${text}'`;
  const body = text.replace(UNPRINTABLE, escapeForRepr);
  if (!body.includes("'")) return `'${body}'`;
  return body.includes('"') ? `'${body.replaceAll("'", "\\'")}'` : `"${body}"`;
}

function escapeForRepr(char: string): string {
  if (char === '\\') return '\\\\';
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  if (char === '\t') return '\\t';
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0');

/** Settings of Python's `json.dumps`; the defaults are Python's but for `ensureAscii`, which has to be said. */
export type PythonJsonOptions = {
  /** Whether characters beyond ASCII are written as \uXXXX. */
  readonly ensureAscii: boolean;
  /** Blanks per level; undefined prints on one line. */
  readonly indent?: number | undefined;
  readonly sortKeys?: boolean;
  /** Default: ", " and ": ", or "," and ": " when there is an indent. */
  readonly separators?: readonly [item: string, key: string];
};

type Style = {
  readonly quote: (text: string) => string;
  readonly indent: string | undefined;
  readonly sortKeys: boolean;
  readonly comma: string;
  readonly colon: string;
};

/** `json.dumps(value)` of Python. NaN and infinities print as NaN, Infinity, -Infinity; a secret prints as its placeholder. */
export function pythonJson(value: Value, options: PythonJsonOptions): string {
  const [comma, colon] = options.separators ?? [options.indent === undefined ? ', ' : ',', ': '];
  const indent = options.indent === undefined ? undefined : ' '.repeat(Math.max(options.indent, 0));
  const quote = options.ensureAscii ? quoteAscii : quoteUnicode;
  return dump(value, { quote, indent, sortKeys: options.sortKeys === true, comma, colon }, '\n');
}

function dump(value: Value, style: Style, newline: string): string {
  if (typeof value === 'string') return style.quote(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if (typeof value === 'bigint') return value.toString();
  if (isArray(value)) return dumpArray(value, style, newline);
  if (isObject(value)) return dumpObject(value, style, newline);
  return isSecretRef(value) ? `"${secretPlaceholder(value)}"` : jsonFloat(value.float);
}

function dumpArray(value: ArrayValue, style: Style, newline: string): string {
  if (value.length === 0) return '[]';
  const { comma, indent } = style;
  if (indent === undefined) return `[${value.map((item) => dump(item, style, newline)).join(comma)}]`;
  const inner = newline + indent;
  return `[${inner}${value.map((item) => dump(item, style, inner)).join(comma + inner)}${newline}]`;
}

function dumpObject(value: ObjectValue, style: Style, newline: string): string {
  if (value.size === 0) return '{}';
  const { comma, colon, indent, quote, sortKeys } = style;
  const entries = sortKeys ? Array.from(value).sort(([a], [b]) => compareCodePoints(a, b)) : Array.from(value);
  const inner = indent === undefined ? newline : newline + indent;
  const parts = entries.map(([key, item]) => `${quote(key)}${colon}${dump(item, style, inner)}`);
  return indent === undefined ? `{${parts.join(comma)}}` : `{${inner}${parts.join(comma + inner)}${newline}}`;
}

function jsonFloat(n: number): string {
  if (Number.isFinite(n)) return pythonFloat(n);
  return Number.isNaN(n) ? 'NaN' : n > 0 ? 'Infinity' : '-Infinity';
}

// JSON.stringify agrees with Python but for lone surrogates, which it escapes and Python keeps.
const LONE_SURROGATE_ESCAPE = /\\(\\|u(d[89a-f][0-9a-f]{2}))/g;

function quoteUnicode(text: string): string {
  const quoted = JSON.stringify(text);
  if (text.isWellFormed()) return quoted;
  return quoted.replace(LONE_SURROGATE_ESCAPE, (all, _body: string, code: string | undefined) =>
    code === undefined ? all : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

const BEYOND_ASCII = /[\x7f-\uffff]/g;
const quoteAscii = (text: string): string => JSON.stringify(text).replace(BEYOND_ASCII, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
