import { codePointLength, pythonFloat, sliceCodePoints } from '../../text/index.ts';
import { exponentDigits, fixedDigits, generalDigits, specialFloat } from './float-format.ts';
import { isNumeric, toDouble, type Numeric } from './numbers.ts';
import { toText } from './printing.ts';
import { fail, isInteger, isMarkup, isUndefined, textOf, typeName, type Budget, type Py } from './values.ts';

/** The format specification mini-language of Python: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. */
const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

type Spec = {
  readonly fill: string | undefined;
  readonly align: string | undefined;
  readonly sign: string;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
};

/** `format(value, spec)` of Python. @throws TemplateFailure */
export function formatValue(value: Py, spec: string, budget: Budget): string {
  if (spec === '') return toText(value, budget);
  if (isMarkup(value)) return fail('ValueError', 'text marked as safe cannot be formatted');
  if (typeof value !== 'string' && !isNumeric(value)) return fail('TypeError', `a ${typeName(value)} cannot be formatted with "${spec}"`);
  const parsed = parseSpec(spec, typeName(value));
  budget.room(parsed.width + (parsed.precision ?? 0));
  return typeof value === 'string' ? formatText(value, parsed) : formatNumber(value, parsed, spec);
}

function parseSpec(spec: string, type: string): Spec {
  const match = SPEC.exec(spec);
  if (match === null || match[4] !== undefined) return fail('ValueError', `the format "${spec}" is not valid for a ${type}`);
  return {
    fill: match[1],
    align: match[2],
    sign: match[3] ?? '-',
    alternate: match[5] !== undefined,
    zero: match[6] !== undefined,
    width: Number(match[7] ?? 0),
    grouping: match[8] ?? '',
    precision: match[9] === undefined ? undefined : Number(match[9]),
    type: match[10] ?? '',
  };
}

function formatText(value: string, spec: Spec): string {
  const { type, grouping, align, alternate } = spec;
  if ((type !== '' && type !== 's') || grouping !== '' || align === '=' || alternate || spec.sign !== '-') {
    return fail('ValueError', 'a text cannot be formatted like a number');
  }
  const text = spec.precision === undefined ? value : sliceCodePoints(value, 0, spec.precision);
  return pad(text, { ...spec, align: align ?? '<', fill: spec.fill ?? (spec.zero ? '0' : ' ') });
}

type Padding = { readonly align: string; readonly fill: string; readonly width: number };

/** Pads to a width, which counts code points. */
export function pad(text: string, { align, fill, width }: Padding): string {
  const missing = width - codePointLength(text);
  if (missing <= 0) return text;
  if (align === '<') return text + fill.repeat(missing);
  if (align === '^') return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
  return fill.repeat(missing) + text;
}

const INTEGER_TYPES = 'bcdoxXn';
const RADIX: ReadonlyMap<string, number> = new Map([
  ['b', 2],
  ['o', 8],
  ['x', 16],
  ['X', 16],
]);

function formatNumber(value: Numeric, spec: Spec, source: string): string {
  const { type } = spec;
  if (type === 's') return fail('ValueError', `the format "${source}" is for texts, not for numbers`);
  if (isInteger(value) && (type === '' || INTEGER_TYPES.includes(type))) return formatInteger(value, spec);
  if (!isInteger(value) && type !== '' && !'eEfFgGn%'.includes(type))
    return fail('ValueError', `the format "${source}" is for integers, not for floats`);
  return formatFloat(toDouble(value), spec);
}

function formatInteger(value: number | bigint | boolean, spec: Spec): string {
  const { type, precision, grouping } = spec;
  if (precision !== undefined) return fail('ValueError', 'an integer cannot be formatted with a precision');
  const integer = BigInt(value);
  if (type === 'c') {
    if (grouping !== '' || spec.sign !== '-' || integer < 0n || integer > 0x10ffffn)
      return fail('ValueError', `${integer} is no character`);
    return pad(String.fromCodePoint(Number(integer)), { align: spec.align ?? '<', fill: spec.fill ?? ' ', width: spec.width });
  }
  const radix = RADIX.get(type) ?? 10;
  if (grouping === ',' && radix !== 10) return fail('ValueError', `"," cannot group digits of type ${type}`);
  const digits = (integer < 0n ? -integer : integer).toString(radix);
  const prefix = spec.alternate && radix !== 10 ? `0${type}` : '';
  return assemble(
    { negative: integer < 0n, prefix, whole: type === 'X' ? digits.toUpperCase() : digits, rest: '', every: radix === 10 ? 3 : 4 },
    spec,
  );
}

function formatFloat(value: number, spec: Spec): string {
  const negative = value < 0 || Object.is(value, -0);
  const text = specialFloat(value) ?? floatDigits(Math.abs(value), spec);
  const percent = spec.type === '%' ? '%' : '';
  const match = /^(\d*)(.*)$/.exec(text);
  const parts = {
    negative: negative && !Number.isNaN(value),
    prefix: '',
    whole: match?.[1] ?? '',
    rest: (match?.[2] ?? '') + percent,
    every: 3,
  };
  const formatted = assemble(parts, spec);
  return 'EFG'.includes(spec.type) && spec.type !== '' ? formatted.toUpperCase() : formatted;
}

function floatDigits(value: number, { type, precision, alternate }: Spec): string {
  switch (type) {
    case '':
      if (precision === undefined) return pythonFloat(value);
      return generalDigits(value, precision, { keepZeros: alternate, pointZero: true });
    case 'e':
    case 'E':
      return exponentDigits(value, precision ?? 6, alternate);
    case 'f':
    case 'F':
      return withPoint(fixedDigits(value, precision ?? 6), alternate);
    case '%': {
      const hundredfold = value * 100;
      return specialFloat(hundredfold) ?? withPoint(fixedDigits(hundredfold, precision ?? 6), alternate);
    }
    default:
      return generalDigits(value, precision ?? 6, { keepZeros: alternate, pointZero: false });
  }
}

const withPoint = (text: string, alternate: boolean): string => (alternate && !text.includes('.') ? `${text}.` : text);

type Parts = { readonly negative: boolean; readonly prefix: string; readonly whole: string; readonly rest: string; readonly every: number };

function assemble({ negative, prefix, whole, rest, every }: Parts, spec: Spec): string {
  const sign = (negative ? '-' : spec.sign === '-' ? '' : spec.sign) + prefix;
  const align = spec.align ?? (spec.zero ? '=' : '>');
  const fill = spec.fill ?? (spec.zero ? '0' : ' ');
  if (align !== '=') return pad(sign + group(whole, spec.grouping, every) + rest, { align, fill, width: spec.width });
  const room = spec.width - sign.length - codePointLength(rest);
  if (fill === '0') return sign + groupPadded(whole, room, spec.grouping, every) + rest;
  return sign + pad(group(whole, spec.grouping, every) + rest, { align: '>', fill, width: spec.width - sign.length });
}

const group = (digits: string, separator: string, every: number): string =>
  separator === '' ? digits : digits.replace(new RegExp(`\\B(?=(?:[0-9a-fA-F]{${every}})+$)`, 'g'), separator);

/** Zeros in front count as digits that are grouped, and no separator stands first. */
function groupPadded(digits: string, room: number, separator: string, every: number): string {
  if (separator === '') return digits.padStart(room, '0');
  if (digits === '') return digits.padStart(room, '0');
  const separators = Math.max(0, Math.floor(room / (every + 1)));
  let padded = digits.padStart(room - separators, '0');
  if (group(padded, separator, every).length < room) padded = `0${padded}`;
  return group(padded, separator, every);
}

/** The text of a value that is formatted as text, or a failure naming why it is none. */
export function requireText(value: Py, what: string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `${what} must be a text, not ${typeName(value)}`);
}
