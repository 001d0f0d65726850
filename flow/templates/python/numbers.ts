import { float, integer, type Float } from '../../../schemas/core.ts';
import { comparable, parsePythonFloat, parsePythonInteger } from '../../text/index.ts';
import { divideIntegers, exactFraction } from './exact-division.ts';
import { fail, isFloat, isFloatObject, isInteger, isUndefined, typeName, type Py } from './values.ts';

/** Larger integers are refused: their digits could not be printed either, and work on them grows without bound. */
const MAX_INTEGER_BITS = 20_000;

export type Numeric = number | bigint | boolean | Float;

export const isNumeric = (value: Py): value is Numeric =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || isFloatObject(value);

/** The double of a float. */
export const doubleOf = (value: number | Float): number => (typeof value === 'number' ? value : value.float);

/** A number as a double. @throws TemplateFailure for an integer beyond the range of doubles */
export function toDouble(value: Numeric): number {
  if (typeof value === 'object') return value.float;
  const double = Number(value);
  return Number.isFinite(double) || typeof value === 'number' ? double : fail('OverflowError', 'an integer is too large to become a float');
}

/** A result in integers, in its one valid form. */
export function checkedInteger(value: bigint): number | bigint {
  if (value > -9007199254740992n && value < 9007199254740992n) return Number(value);
  return bitLength(value) > MAX_INTEGER_BITS ? fail('LimitError', `an integer has more than ${MAX_INTEGER_BITS} bits`) : value;
}

const bitLength = (value: bigint): number => (value < 0n ? -value : value).toString(16).length * 4;

const asInteger = (value: number | bigint | boolean): number | bigint => (typeof value === 'boolean' ? Number(value) : value);

/** An integer as a JavaScript number, for lengths and positions; beyond 2^53 it is cut to the limit. @throws TemplateFailure */
export function toIndex(value: Py, what: string): number {
  if (!isInteger(value)) return failNotInteger(value, what);
  return typeof value === 'bigint' ? (value > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER) : Number(value);
}

const MAX_SIZE = 2n ** 63n;
/** The same for a count, which Python refuses beyond the size of its memory. */
export function toCount(value: Py, what: string): number {
  if (typeof value === 'bigint' && (value >= MAX_SIZE || value < -MAX_SIZE)) return fail('OverflowError', `${what} is too large`);
  return toIndex(value, what);
}

function failNotInteger(value: Py, what: string): never {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `${what} must be an integer, not ${typeName(value)}`);
}

/** `int(value)` of Python for numbers and texts. @throws TemplateFailure */
export function pythonInt(value: Py): number | bigint {
  if (isInteger(value)) return asInteger(value);
  if (isFloat(value)) {
    const double = doubleOf(value);
    if (Number.isNaN(double)) return fail('ValueError', 'NaN is no integer');
    if (!Number.isFinite(double)) return fail('OverflowError', 'infinity is no integer');
    return integer(Number.isSafeInteger(Math.trunc(double)) ? Math.trunc(double) : BigInt(Math.trunc(double)));
  }
  if (typeof value === 'string') return parsePythonInteger(value) ?? fail('ValueError', `"${value}" is no integer`);
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `${typeName(value)} is no number`);
}

/** `float(value)` of Python for numbers and texts. @throws TemplateFailure */
export function pythonFloatOf(value: Py): number {
  if (isNumeric(value)) return toDouble(value);
  if (typeof value === 'string') return parsePythonFloat(value) ?? fail('ValueError', `"${value}" is no number`);
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `${typeName(value)} is no number`);
}

const bothIntegers = (a: Numeric, b: Numeric): a is number | bigint | boolean => isInteger(a) && isInteger(b);
const big = (value: Numeric): bigint => (typeof value === 'object' ? BigInt(value.float) : BigInt(value));
const zeroDivision = (): never => fail('ZeroDivisionError', 'division by zero');

export function add(a: Numeric, b: Numeric): Py {
  if (!bothIntegers(a, b)) return float(toDouble(a) + toDouble(b));
  const sum = typeof a === 'bigint' || typeof b === 'bigint' ? Number.NaN : Number(a) + Number(b);
  return Number.isSafeInteger(sum) ? sum : checkedInteger(big(a) + big(b));
}

export function subtract(a: Numeric, b: Numeric): Py {
  if (!bothIntegers(a, b)) return float(toDouble(a) - toDouble(b));
  const difference = typeof a === 'bigint' || typeof b === 'bigint' ? Number.NaN : Number(a) - Number(b);
  return Number.isSafeInteger(difference) ? difference : checkedInteger(big(a) - big(b));
}

export function multiply(a: Numeric, b: Numeric): Py {
  if (!bothIntegers(a, b)) return float(toDouble(a) * toDouble(b));
  const product = typeof a === 'bigint' || typeof b === 'bigint' ? Number.NaN : Number(a) * Number(b);
  return Number.isSafeInteger(product) ? product + 0 : checkedInteger(big(a) * big(b));
}

export function divide(a: Numeric, b: Numeric): Py {
  if (comparable(b) === 0) return zeroDivision();
  if (typeof a !== 'bigint' && typeof b !== 'bigint') return float(toDouble(a) / toDouble(b));
  if (!bothIntegers(a, b)) return float(toDouble(a) / toDouble(b));
  const quotient = divideIntegers(big(a), big(b));
  return Number.isFinite(quotient) ? float(quotient) : fail('OverflowError', 'the result of a division is too large for a float');
}

export function floorDivide(a: Numeric, b: Numeric): Py {
  if (comparable(b) === 0) return zeroDivision();
  if (!bothIntegers(a, b)) return float(floatFloorDivide(toDouble(a), toDouble(b)));
  const whole = typeof a === 'bigint' || typeof b === 'bigint' ? Number.NaN : Number(a) - pythonRemainder(Number(a), Number(b));
  if (Number.isSafeInteger(whole)) return whole / Number(b) + 0;
  const [x, y] = [big(a), big(b)];
  const quotient = x / y;
  return checkedInteger(x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient);
}

function pythonRemainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

// The steps of Python's float division, whose roundings have to be the same.
function floatFloorDivide(a: number, b: number): number {
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function floatRemainder(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

export function remainder(a: Numeric, b: Numeric): Py {
  if (comparable(b) === 0) return zeroDivision();
  if (!bothIntegers(a, b)) return float(floatRemainder(toDouble(a), toDouble(b)));
  if (typeof a !== 'bigint' && typeof b !== 'bigint') return pythonRemainder(Number(a), Number(b)) + 0;
  const rest = big(a) % big(b);
  return checkedInteger(rest !== 0n && rest < 0n !== big(b) < 0n ? rest + big(b) : rest);
}

export function power(a: Numeric, b: Numeric): Py {
  if (bothIntegers(a, b) && comparable(b) >= 0) return integerPower(big(a), big(b));
  const [base, exponent] = [toDouble(a), toDouble(b)];
  if (base === 0 && exponent < 0) return fail('ZeroDivisionError', 'zero cannot be raised to a negative power');
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    return fail('ValueError', 'a negative number to a fractional power is a complex number, which is not supported');
  }
  const result = doublePower(base, exponent);
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent))
    return fail('OverflowError', 'the result of a power is too large');
  return float(result);
}

function integerPower(base: bigint, exponent: bigint): Py {
  if (exponent === 0n) return 1;
  if (base === 0n || base === 1n) return Number(base);
  if (base === -1n) return exponent % 2n === 0n ? 1 : -1;
  if (Number(exponent) * (bitLength(base) - 3) > MAX_INTEGER_BITS)
    return fail('LimitError', `a power has more than ${MAX_INTEGER_BITS} bits`);
  return checkedInteger(base ** exponent);
}

/** The double nearest to a power. Math.pow is off by one digit at times, so whole exponents are computed exactly. */
function doublePower(base: number, exponent: number): number {
  if (Number.isNaN(exponent)) return base === 1 ? 1 : Number.NaN;
  if (base === 1 || (base === -1 && !Number.isFinite(exponent))) return 1;
  if (exponent === 0.5 && base > 0 && Number.isFinite(base)) return Math.sqrt(base);
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 512 || !Number.isFinite(base) || base === 0) return base ** exponent;
  const estimate = base ** exponent;
  if (!Number.isFinite(estimate) || Math.abs(estimate) < 1e-300) return estimate;
  const [numerator, denominator] = exactFraction(Math.abs(base));
  const n = BigInt(Math.abs(exponent));
  const result = exponent >= 0 ? divideIntegers(numerator ** n, denominator ** n) : divideIntegers(denominator ** n, numerator ** n);
  return base < 0 && exponent % 2 !== 0 ? -result : result;
}

export const negate = (a: Numeric): Py => {
  if (typeof a === 'bigint') return checkedInteger(-a);
  return isInteger(a) ? -Number(a) + 0 : float(-toDouble(a));
};
export const plus = (a: Numeric): Py => (typeof a === 'boolean' ? Number(a) : a);
export const absolute = (a: Numeric): Py => {
  if (typeof a === 'bigint') return a < 0n ? -a : a;
  return isInteger(a) ? Math.abs(Number(a)) : float(Math.abs(toDouble(a)));
};
