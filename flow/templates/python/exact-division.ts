/** The double nearest to a quotient of integers of any size; infinite when it is too large. */
export function divideIntegers(a: bigint, b: bigint): number {
  const negative = a < 0n !== b < 0n;
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  // 64 more bits than a double holds, and a last bit that remembers whether something was left over.
  const shift = Math.max(0, 128 + y.toString(2).length - x.toString(2).length);
  const scaled = x << BigInt(shift);
  const quotient = scaled / y;
  const sticky = quotient * y === scaled ? quotient : quotient | 1n;
  const double = scaleDown(sticky, shift);
  return negative ? -double : double;
}

function scaleDown(value: bigint, shift: number): number {
  const double = Number(value);
  if (shift <= 1000) return double / 2 ** shift;
  return double / 2 ** 1000 / 2 ** (shift - 1000);
}

/** A finite positive double as the fraction it is; the denominator is a power of two. */
export function exactFraction(value: number): readonly [numerator: bigint, denominator: bigint] {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return [BigInt(scaled), denominator];
}
