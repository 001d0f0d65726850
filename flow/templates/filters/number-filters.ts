import { float } from '../../../schemas/core.ts';
import { MAX_INTEGER_DIGITS, parsePythonFloat, pythonStrip } from '../../text/index.ts';
import { fixedDigits, roundDouble, roundInteger } from '../python/float-format.ts';
import {
  absolute,
  checkedInteger,
  divide,
  doubleOf,
  isNumeric,
  multiply,
  power,
  pythonFloatOf,
  pythonInt,
  toDouble,
  toIndex,
} from '../python/numbers.ts';
import { truthy } from '../python/truth.ts';
import { fail, isInteger, isUndefined, TemplateFailure, textOf, typeName, type Py } from '../python/values.ts';
import { filter, plainFilter, type FilterCall, type Filters } from './filter.ts';

const requireNumber = (value: Py, name: string) => {
  if (isNumeric(value)) return value;
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `${name} needs a number, not ${typeName(value)}`);
};

function round({ value, args: [precision = 0, method = 'common'] }: FilterCall): Py {
  const number = requireNumber(value, 'round');
  if (method === 'common') return precision === null ? roundToInteger(number) : roundCommon(number, toIndex(precision, 'the precision'));
  if (method !== 'ceil' && method !== 'floor') return fail('FilterArgumentError', 'the method of round is common, ceil or floor');
  const scale = power(10, requireNumber(precision, 'the precision'));
  const scaled = multiply(number, requireNumber(scale, 'round'));
  if (!isNumeric(scaled) || !isNumeric(scale)) return fail('TypeError', 'round needs a number');
  const whole = isInteger(scaled)
    ? scaled
    : pythonInt(float(method === 'ceil' ? Math.ceil(doubleOf(scaled)) : Math.floor(doubleOf(scaled))));
  return divide(whole, scale);
}

function roundCommon(number: Parameters<typeof toDouble>[0], digits: number): Py {
  if (isInteger(number)) return digits < -5000 ? 0 : checkedInteger(roundInteger(BigInt(number), digits));
  const rounded = roundDouble(toDouble(number), digits);
  return Number.isFinite(toDouble(number)) && !Number.isFinite(rounded)
    ? fail('OverflowError', 'the rounded number is too large')
    : float(rounded);
}

const roundToInteger = (number: Parameters<typeof toDouble>[0]): Py =>
  isInteger(number) ? checkedInteger(BigInt(number)) : pythonInt(float(roundDouble(doubleOf(number), 0)));

/** The value as an integer, or the default: "42.7" is 42, "0x1f" is 31 to base 16. */
function toInteger({ value, args: [otherwise = 0, base = 10] }: FilterCall): Py {
  const text = textOf(value);
  try {
    if (text === undefined) return pythonInt(value);
    return parseInteger(text, toIndex(base, 'the base')) ?? truncated(text) ?? otherwise;
  } catch (error) {
    if (error instanceof TemplateFailure && (error.type === 'TypeError' || error.type === 'ValueError')) return otherwise;
    throw error;
  }
}

function truncated(text: string): Py | undefined {
  const double = parsePythonFloat(text);
  return double === undefined || !Number.isFinite(double) ? undefined : pythonInt(float(double));
}

const PREFIXES: ReadonlyMap<string, number> = new Map([
  ['0b', 2],
  ['0o', 8],
  ['0x', 16],
]);

/** `int(text, base)` of Python; undefined where that is a ValueError. */
function parseInteger(text: string, base: number): Py | undefined {
  if (base === 10) {
    try {
      return pythonInt(text);
    } catch (error) {
      if (error instanceof TemplateFailure) return undefined;
      throw error;
    }
  }
  if (base !== 0 && (base < 2 || base > 36)) return undefined;
  const match = /^([+-]?)(0[box])?(_?[0-9a-z]+(?:_[0-9a-z]+)*)$/.exec(pythonStrip(text).toLowerCase());
  if (match === null) return undefined;
  const [, sign, prefix, rest = ''] = match;
  const prefixBase = prefix === undefined ? undefined : PREFIXES.get(prefix);
  const usesPrefix = prefixBase !== undefined && (base === 0 || base === prefixBase);
  const digits = (usesPrefix ? rest : `${prefix ?? ''}${rest}`).replaceAll('_', '');
  const radix = usesPrefix ? prefixBase : base === 0 ? 10 : base;
  if (!usesPrefix && rest.startsWith('_')) return undefined;
  if (base === 0 && !usesPrefix && /^0+[1-9]/.test(digits)) return undefined;
  if (digits.length > MAX_INTEGER_DIGITS) return undefined;
  const value = digitsValue(digits, radix);
  return value === undefined ? undefined : checkedInteger(sign === '-' ? -value : value);
}

function digitsValue(digits: string, radix: number): bigint | undefined {
  let value = 0n;
  for (const char of digits) {
    const digit = Number.parseInt(char, 36);
    if (digit >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(digit);
  }
  return value;
}

function toFloat({ value, args: [otherwise = float(0)] }: FilterCall): Py {
  try {
    return float(pythonFloatOf(textOf(value) ?? value));
  } catch (error) {
    if (error instanceof TemplateFailure && (error.type === 'TypeError' || error.type === 'ValueError')) return otherwise;
    throw error;
  }
}

function fileSize({ value, args: [binary = false] }: FilterCall): Py {
  const bytes = pythonFloatOf(textOf(value) ?? value);
  const base = truthy(binary) ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${String(pythonInt(float(bytes)))} Bytes`;
  const letters = Array.from('kMGTPEZY');
  const fits = letters.findIndex((_, i) => bytes < base ** (i + 2));
  const at = fits < 0 ? letters.length - 1 : fits;
  const amount = (base * bytes) / base ** (at + 2);
  if (!Number.isFinite(amount)) return fail('OverflowError', 'the size is too large');
  const letter = letters[at] ?? '';
  return `${fixedDigits(amount, 1)} ${truthy(binary) ? `${letter.toUpperCase()}iB` : `${letter}B`}`;
}

export const NUMBER_FILTERS: Filters = [
  ['abs', plainFilter(({ value }) => absolute(requireNumber(value, 'abs')))],
  ['filesizeformat', filter([], ['binary'], fileSize)],
  ['float', filter([], ['default'], toFloat)],
  ['int', filter([], ['default', 'base'], toInteger)],
  ['round', filter([], ['precision', 'method'], round)],
];
