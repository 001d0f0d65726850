import { codePointLength, sliceCodePoints } from '../../text/index.ts';
import { exponentDigits, fixedDigits, generalDigits, specialFloat } from './float-format.ts';
import { pad } from './format-spec.ts';
import { isNumeric, pythonInt, toDouble, toIndex } from './numbers.ts';
import { escapeHtml } from './markup.ts';
import { repr, toText } from './printing.ts';
import {
  fail,
  isDict,
  isInteger,
  isList,
  isMarkup,
  isPyObject,
  isTuple,
  isUndefined,
  textOf,
  typeName,
  type Budget,
  type Py,
  type PyDict,
} from './values.ts';

const DIRECTIVE = /%(?:\(([^()]*)\))?([-#0 +]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([^])?/gu;
const HAS_PRECISION = /\./;

type Directive = {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly type: string;
};

/** Where the values of a format come from, in order or by name. */
type Source = { next(): Py; named(name: string): Py };

/**
 * `format % values` of Python. A tuple gives several values, a dict gives values by name. With `escape` (the format is safe
 * HTML) texts are escaped.
 */
export function percentFormat(format: string, values: Py, escape: boolean, budget: Budget): string {
  const list = isTuple(values) ? values.items : [values];
  let used = 0;
  const source: Source = {
    next: () => {
      const value = list[used++];
      return value === undefined ? fail('TypeError', 'the format has more places than there are values') : value;
    },
    named: (name) => namedValue(values, name),
  };
  let named = false;
  const text = format.replace(
    DIRECTIVE,
    (
      whole: string,
      name: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string | undefined,
    ) => {
      if (type === undefined) return fail('ValueError', 'the format ends within a "%"');
      if (type === '%') return '%';
      named ||= name !== undefined;
      const count = (part: string | undefined): number => (part === '*' ? toIndex(source.next(), '"*" in a format') : Number(part ?? 0));
      const columns = count(width);
      const digits = HAS_PRECISION.test(whole.slice(0, -type.length).replace(/^%\([^()]*\)/, '')) ? count(precision) : undefined;
      budget.room(Math.abs(columns) + (digits ?? 0));
      const value = name === undefined ? source.next() : source.named(name);
      const allFlags = columns < 0 ? `${flags}-` : flags;
      return convert(
        value,
        { flags: allFlags, width: Math.abs(columns), precision: digits === undefined ? undefined : Math.max(digits, 0), type },
        escape,
        budget,
      );
    },
  );
  // What has items by key or place may go unused.
  const isMapping = isDict(values) || isList(values) || isUndefined(values) || (isPyObject(values) && values.kind === 'range');
  const mayRest = named || isMapping;
  if (used < list.length && !mayRest) return fail('TypeError', 'there are more values than places in the format');
  return budget.text(text);
}

function namedValue(values: Py, name: string): Py {
  if (!isDict(values)) return fail('TypeError', 'the format takes values by name and needs a dict');
  const dict: PyDict = values;
  const value = dict.get(name);
  return value === undefined ? fail('KeyError', `there is no value named "${name}" for the format`) : value;
}

function convert(value: Py, directive: Directive, escape: boolean, budget: Budget): string {
  const safe = (text: string): string => (escape ? escapeHtml(text) : text);
  switch (directive.type) {
    case 's':
      return padText(isMarkup(value) ? value.text : safe(toText(value, budget)), directive);
    case 'r':
      return padText(safe(repr(value, budget)), directive);
    case 'a':
      return padText(safe(asciiOf(repr(value, budget))), directive);
    case 'c':
      return padText(character(value), { ...directive, precision: undefined });
    case 'd':
    case 'i':
    case 'u':
      return integerDirective(decimalInteger(value), directive);
    case 'x':
    case 'X':
    case 'o':
      if (!isInteger(value)) return fail('TypeError', `%${directive.type} needs an integer, not ${typeName(value)}`);
      return integerDirective(BigInt(value), directive);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return floatDirective(value, directive);
    default:
      return fail('ValueError', `"%${directive.type}" is not a place of a format`);
  }
}

function padText(text: string, { flags, width, precision }: Directive): string {
  const cut = precision === undefined ? text : sliceCodePoints(text, 0, precision);
  return pad(cut, { align: flags.includes('-') ? '<' : '>', fill: ' ', width });
}

function character(value: Py): string {
  const text = textOf(value);
  if (text !== undefined && codePointLength(text) === 1) return text;
  if (isInteger(value) && Number(value) >= 0 && Number(value) <= 0x10ffff) return String.fromCodePoint(Number(value));
  return fail('TypeError', '%c needs one character or its number');
}

function decimalInteger(value: Py): bigint {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return isNumeric(value) ? BigInt(pythonInt(value)) : fail('TypeError', `%d needs a number, not ${typeName(value)}`);
}

function integerDirective(value: bigint, directive: Directive): string {
  const { type, flags, precision = 0 } = directive;
  const radix = type === 'x' || type === 'X' ? 16 : type === 'o' ? 8 : 10;
  const digits = (value < 0n ? -value : value).toString(radix).padStart(precision, '0');
  const prefix = flags.includes('#') && radix !== 10 ? `0${type}` : '';
  return padNumber(value < 0n, prefix, type === 'X' ? digits.toUpperCase() : digits, directive);
}

function floatDirective(value: Py, directive: Directive): string {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  if (!isNumeric(value)) return fail('TypeError', `%${directive.type} needs a number, not ${typeName(value)}`);
  const double = toDouble(value);
  const { type, flags, precision = 6 } = directive;
  const keep = flags.includes('#');
  const size = Math.abs(double);
  const lower = type.toLowerCase();
  const digits =
    specialFloat(double) ??
    (lower === 'e'
      ? exponentDigits(size, precision, keep)
      : lower === 'f'
        ? fixedDigits(size, precision) + (keep && precision === 0 ? '.' : '')
        : generalDigits(size, precision, { keepZeros: keep, pointZero: false }));
  const negative = double < 0 || Object.is(double, -0);
  return padNumber(negative, '', type === lower ? digits : digits.toUpperCase(), directive);
}

function padNumber(negative: boolean, prefix: string, digits: string, { flags, width }: Directive): string {
  const sign = (negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + prefix;
  if (flags.includes('-')) return pad(sign + digits, { align: '<', fill: ' ', width });
  if (flags.includes('0')) return sign + digits.padStart(width - sign.length, '0');
  return pad(sign + digits, { align: '>', fill: ' ', width });
}

const BEYOND_ASCII = /[^\x00-\x7f]/gu;

/** `ascii()` of Python, from a repr: what is beyond ASCII as an escape. */
export const asciiOf = (text: string): string =>
  text.replace(BEYOND_ASCII, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
