import { integer, isArray, isFloatTag, isObject, isSecretRef, type Float, type Value } from '../../schemas/core.ts';

/** Python refuses to convert between text and integers of more digits than this. */
export const MAX_INTEGER_DIGITS = 4300;

// JavaScript's \s has U+FEFF too and lacks the separators U+001C to U+001F and U+0085.
/** The blanks of Python's `str.isspace`, for use inside a character class. */
export const PYTHON_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const FURTHER_SPACES: ReadonlySet<number> = new Set(
  Array.from('\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000', (blank) =>
    blank.charCodeAt(0),
  ),
);

const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const NAMED_FLOAT = /^([+-]?)(inf|infinity|nan)$/i;
const OTHER_DIGITS = /(?![0-9])\p{Nd}/gu;
const ANY_DIGIT = /\p{Nd}/u;
// The one place where several runs of ten digits follow each other without a gap.
const MATH_DIGITS_START = 0x1d7ce;
const MATH_DIGITS_END = 0x1d7ff;

/** `text.strip()` of Python. */
export const pythonStrip = (text: string): string => text.slice(leadingSpace(text), trailingSpace(text));
export const pythonLeftStrip = (text: string): string => text.slice(leadingSpace(text));
export const pythonRightStrip = (text: string): string => text.slice(0, trailingSpace(text));

type IsBlank = (unit: number) => boolean;

// Loops, since a regex for blanks at the end takes quadratic time on text with long runs of blanks.
function leadingSpace(text: string, isBlank: IsBlank = isPythonSpace): number {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start++;
  return start;
}

function trailingSpace(text: string, isBlank: IsBlank = isPythonSpace): number {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

/** Whether a UTF-16 unit is a blank to Python (`str.isspace`). */
function isPythonSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  return FURTHER_SPACES.has(unit);
}

// `int` and `float` skip fewer blanks than `str.strip`: the separators U+001C to U+001F are none to them.
const isNumberSpace: IsBlank = (unit) => isPythonSpace(unit) && !(unit >= 0x1c && unit <= 0x1f);
const stripNumber = (text: string): string => text.slice(leadingSpace(text, isNumberSpace), trailingSpace(text, isNumberSpace));

/** `int(text)` of Python: blanks around, a sign, single underscores between digits, digits of any script. Undefined: ValueError. */
export function parsePythonInteger(text: string): number | bigint | undefined {
  const plain = asciiDigits(stripNumber(text));
  if (!INTEGER.test(plain)) return undefined;
  const digits = plain.replaceAll('_', '');
  if (digits.length <= 15) return integer(Number(digits));
  if (digits.replace(/^[+-]/, '').length > MAX_INTEGER_DIGITS) return undefined;
  return integer(BigInt(digits.startsWith('+') ? digits.slice(1) : digits));
}

/** `float(text)` of Python, as a double; "nan", "inf" and "infinity" in any case. Undefined: ValueError. */
export function parsePythonFloat(text: string): number | undefined {
  const plain = asciiDigits(stripNumber(text));
  if (FLOAT.test(plain)) return Number(plain.replaceAll('_', ''));
  const named = NAMED_FLOAT.exec(plain);
  if (named === null) return undefined;
  if (named[2]?.toLowerCase() === 'nan') return Number.NaN;
  return named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const asciiDigits = (text: string): string => text.replace(OTHER_DIGITS, (digit) => String(digitValue(digit.codePointAt(0) ?? 48)));

// Unicode keeps the ten digits of a script together and in order: the value is the distance to the start of the run.
function digitValue(codePoint: number): number {
  if (codePoint >= MATH_DIGITS_START && codePoint <= MATH_DIGITS_END) return (codePoint - MATH_DIGITS_START) % 10;
  let value = 0;
  while (value < 9 && ANY_DIGIT.test(String.fromCodePoint(codePoint - value - 1))) value++;
  return value;
}

/** `bool(value)` of Python: null, false, zero, "" and empty lists and objects are false; a secret is taken as not empty. */
export function isTruthy(value: Value): boolean {
  if (typeof value !== 'object') return Boolean(value);
  if (value === null) return false;
  if (isArray(value)) return value.length > 0;
  if (isObject(value)) return value.size > 0;
  return isSecretRef(value) ? true : value.float !== 0;
}

/** What takes part in Python's arithmetic: numbers, and booleans as 0 and 1. */
export type PythonNumber = number | bigint | Float | boolean;

export const isPythonNumber = (value: Value): value is PythonNumber =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || isFloatTag(value);

/** The number in a form in which JavaScript's `<` and `>` compare exactly, also between integers of any size and floats. */
export const comparable = (value: PythonNumber): number | bigint =>
  typeof value === 'object' ? value.float : typeof value === 'boolean' ? Number(value) : value;

export function numbersEqual(a: number | bigint, b: number | bigint): boolean {
  return typeof a === typeof b ? a === b : a <= b && a >= b;
}

/** `a == b` of Python on pool values: true == 1 == 1.0, NaN differs from itself, objects regardless of the order of keys. */
export function pythonEquals(a: Value, b: Value): boolean {
  if (typeof a === 'string' || typeof b === 'string' || a === null || b === null) return a === b;
  if (isPythonNumber(a)) return isPythonNumber(b) && numbersEqual(comparable(a), comparable(b));
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, i) => pythonEquals(item, b[i] ?? null));
  if (isObject(a)) {
    if (!isObject(b) || a.size !== b.size) return false;
    for (const [key, item] of a) {
      const other = b.get(key);
      if (other === undefined || !pythonEquals(item, other)) return false;
    }
    return true;
  }
  return typeof b === 'object' && isSecretRef(b) && a.secret === b.secret && a.version === b.version;
}
