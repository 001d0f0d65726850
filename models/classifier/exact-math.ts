/**
 * exp and ln from additions, multiplications and divisions only.
 *
 * ECMAScript leaves the last bits of Math.exp and Math.log to the engine, and they do differ between engines and processors. The
 * four basic operations are exact to the bit (IEEE 754), so a model trained with these is the same, byte for byte, everywhere.
 */

// ln 2 split in two, the first with enough zero bits at its end that k × LN2_HIGH is exact for every exponent k of a double.
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;
const SQRT2 = 1.41421356237309514547;

/** e^x with a relative error below 1e-15. 0 below −708, Infinity above 709. */
export function exactExp(x: number): number {
  if (x > 709) return Infinity;
  if (x < -708) return 0;
  if (Number.isNaN(x)) return NaN;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  // Taylor series of e^r for |r| ≤ ln 2 / 2: the 14th term is below 1e-16.
  let sum = 1;
  for (let i = 13; i >= 1; i--) sum = 1 + (r / i) * sum;
  return k >= 0 ? sum * powerOfTwo(k) : sum / powerOfTwo(-k);
}

/** Natural logarithm of a positive, finite x with an absolute error below 1e-15 × max(1, |ln x|). NaN for anything else. */
export function exactLn(x: number): number {
  if (!(x > 0) || x === Infinity) return NaN;
  let mantissa = x;
  let exponent = 0;
  while (mantissa > SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  while (mantissa < SQRT2 / 2) {
    mantissa *= 2;
    exponent -= 1;
  }
  // ln m = 2 artanh((m − 1) / (m + 1)), whose series in s ≤ 0.172 is below 1e-17 after s^21.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let i = 21; i >= 1; i -= 2) sum = 1 / i + square * sum;
  return exponent * LN2_HIGH + (2 * s * sum + exponent * LN2_LOW);
}

function powerOfTwo(exponent: number): number {
  let power = 1;
  let base = 2;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= base;
    base *= base;
  }
  return power;
}
