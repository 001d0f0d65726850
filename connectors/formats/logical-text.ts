/** Text of the logical types of Avro, and of the well-known types of Protobuf that mean the same. */

const MS_PER_DAY = 86_400_000;
/** The furthest that Date goes, in milliseconds since 1970. */
const FURTHEST = 8.64e15;

/** `2026-11-21`; the number itself where a date cannot say it. */
export function isoDate(days: number): string | number {
  const at = days * MS_PER_DAY;
  return Math.abs(at) <= FURTHEST ? new Date(at).toISOString().replace(/T.*$/, '') : days;
}

/** `08:30:00.125`, with as many digits as the unit has. */
export function isoTime(units: number | bigint, digits: 3 | 6): string | number | bigint {
  const text = isoInstant(units, digits, '');
  return typeof text === 'string' && text.startsWith('1970-01-01T') ? text.slice(11) : units;
}

/**
 * `2026-11-21T08:30:00.125Z` of units since 1970, where 3 digits mean milliseconds, 6 microseconds, 9 nanoseconds; the number itself where a
 * date cannot say it.
 */
export function isoInstant(units: number | bigint, digits: 3 | 6 | 9, zone: 'Z' | ''): string | number | bigint {
  const perMs = 10 ** (digits - 3);
  const [ms, rest] = digits === 3 ? [Number(units), 0] : splitUnits(BigInt(units), BigInt(perMs));
  if (Math.abs(ms) > FURTHEST) return units;
  const text = new Date(ms).toISOString().slice(0, -1);
  return text + (digits === 3 ? '' : String(rest).padStart(digits - 3, '0')) + zone;
}

function splitUnits(units: bigint, perMs: bigint): readonly [number, number] {
  const rest = ((units % perMs) + perMs) % perMs;
  return [Number((units - rest) / perMs), Number(rest)];
}

/**
 * A decimal of Avro, exactly: two's complement, big-endian, and where the point stands. An integer where there is none, else text (`-12.50`).
 * https://avro.apache.org/docs/1.12.0/specification/#decimal
 */
export function decimalText(bytes: Uint8Array, scale: number): string | number | bigint {
  const unscaled = bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  if (scale === 0) return unscaled >= Number.MIN_SAFE_INTEGER && unscaled <= Number.MAX_SAFE_INTEGER ? Number(unscaled) : unscaled;
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
