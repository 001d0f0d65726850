import { TemplateSyntaxError } from './syntax-error.ts';

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['\n', ''],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);
const OCTAL = /[0-7]{1,3}/y;
const ESCAPE_START = /\\/g;

/**
 * What a string literal of a template means: Python's escapes; an unknown one stays as it is written.
 *
 * @throws TemplateSyntaxError for an escape that is cut short
 */
export function unescapeString(body: string, offset: number): string {
  if (!body.includes('\\')) return body;
  let result = '';
  let at = 0;
  for (;;) {
    ESCAPE_START.lastIndex = at;
    const start = ESCAPE_START.exec(body)?.index ?? -1;
    if (start < 0) return result + body.slice(at);
    result += body.slice(at, start);
    const [text, length] = readEscape(body, start + 1, offset);
    result += text;
    at = start + 1 + length;
  }
}

/** The text an escape stands for and how long it is, without its backslash. */
function readEscape(body: string, at: number, offset: number): readonly [text: string, length: number] {
  const letter = body[at] ?? '';
  const simple = SIMPLE.get(letter);
  if (simple !== undefined) return [simple, 1];
  const digits = HEX_DIGITS.get(letter);
  if (digits !== undefined) return readHex(body, at, digits, offset);
  OCTAL.lastIndex = at;
  const octal = OCTAL.exec(body)?.[0];
  if (octal !== undefined) return [String.fromCodePoint(Number.parseInt(octal, 8)), octal.length];
  if (letter === 'N')
    throw new TemplateSyntaxError('characters by name (\\N{…}) are not supported: write the character itself or \\uXXXX', offset);
  const code = body.codePointAt(at) ?? 0;
  if (code > 0x7f) return [pythonDetour(code), code > 0xffff ? 2 : 1];
  return [`\\${letter}`, 1];
}

function readHex(body: string, at: number, digits: number, offset: number): readonly [string, number] {
  const hex = body.slice(at + 1, at + 1 + digits);
  const code = /^[\da-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1;
  if (code < 0 || code > 0x10ffff)
    throw new TemplateSyntaxError(`\\${body[at] ?? ''} needs ${digits} hexadecimal digits of a character`, offset);
  return [String.fromCodePoint(code), 1 + digits];
}

// Jinja writes what is not ASCII as an escape before it reads escapes: after a backslash that escape becomes plain text.
function pythonDetour(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
