import { pythonFloat } from '../../text/index.ts';
import { exactFraction } from './exact-division.ts';

/**
 * The decimal digits of doubles as Python prints them with a precision: the exact value of the double is rounded, and what lies
 * exactly in the middle goes to the even digit. (JavaScript's toFixed rounds the middle up.)
 */

/** `value` with `digits` digits after the point; value is finite and not negative. */
export function fixedDigits(value: number, digits: number): string {
  const [numerator, denominator] = exactFraction(value);
  const text = roundHalfEven(numerator * 10n ** BigInt(digits), denominator).toString();
  if (digits === 0) return text;
  const padded = text.padStart(digits + 1, '0');
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

const roundHalfEven = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
};

/** The first `count` significant digits and the power of ten of the first one. */
function significantDigits(value: number, count: number): { readonly digits: string; readonly exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const [numerator, denominator] = exactFraction(value);
  let exponent = Math.floor(Math.log10(value));
  for (;;) {
    const shift = count - 1 - exponent;
    const scale = 10n ** BigInt(Math.abs(shift));
    const rounded = shift >= 0 ? roundHalfEven(numerator * scale, denominator) : roundHalfEven(numerator, denominator * scale);
    const digits = rounded.toString();
    if (digits.length === count) return { digits, exponent };
    exponent += digits.length > count ? 1 : -1;
  }
}

const exponentText = (exponent: number): string => `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

/** As "%e": one digit before the point and `digits` after it. */
export function exponentDigits(value: number, digits: number, keepPoint = false): string {
  const { digits: all, exponent } = significantDigits(value, digits + 1);
  const point = digits > 0 || keepPoint ? '.' : '';
  return `${all.slice(0, 1)}${point}${all.slice(1)}${exponentText(exponent)}`;
}

export type GeneralOptions = {
  /** "#": zeros at the end stay. */
  readonly keepZeros: boolean;
  /** A float without a type letter always shows a digit after the point, unless it has an exponent. */
  readonly pointZero: boolean;
};

/** As "%g": the shorter of both forms with `precision` significant digits. */
export function generalDigits(value: number, precision: number, { keepZeros, pointZero }: GeneralOptions): string {
  const count = Math.max(precision, 1);
  const { digits, exponent } = significantDigits(value, count);
  const kept = keepZeros ? digits : digits.replace(/0+$/, '');
  if (exponent < -4 || exponent >= count - (pointZero ? 1 : 0)) {
    const rest = kept.slice(1);
    return `${digits.slice(0, 1)}${rest !== '' || keepZeros ? '.' : ''}${rest}${exponentText(exponent)}`;
  }
  if (exponent < 0) return kept === '' ? '0' : `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = digits.slice(0, exponent + 1);
  const fraction = kept.slice(exponent + 1);
  if (fraction !== '' || keepZeros) return `${whole}.${fraction}`;
  return pointZero ? `${whole}.0` : whole;
}

/** `round(value, digits)` of Python for a float. Infinite when the result is too large. */
export function roundDouble(value: number, digits: number): number {
  if (!Number.isFinite(value) || value === 0 || digits > 323) return value;
  if (digits < -308) return value < 0 ? -0 : 0;
  const sign = value < 0 ? -1 : 1;
  const size = Math.abs(value);
  if (digits >= 0) return sign * Number(fixedDigits(size, digits));
  const scale = 10n ** BigInt(-digits);
  const [numerator, denominator] = exactFraction(size);
  return sign * Number(roundHalfEven(numerator, denominator * scale) * scale);
}

/** `round(value, digits)` of Python for an integer: negative digits round to tens, hundreds and so on. */
export function roundInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value;
  const scale = 10n ** BigInt(-digits);
  const rounded = roundHalfEven(value < 0n ? -value : value, scale) * scale;
  return value < 0n ? -rounded : rounded;
}

/** The text of a float that is not finite, or undefined. */
export const specialFloat = (value: number): string | undefined => (Number.isFinite(value) ? undefined : pythonFloat(Math.abs(value)));
