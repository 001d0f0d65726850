import { isFloatTag, type Value } from '../../schemas/index.ts';

const MS = 1000;
/** Up to here numbers are seconds (until the year 5138), then milliseconds, microseconds, nanoseconds. */
const LARGEST_SECONDS = 1e11;
const LARGEST_MILLIS = 1e14;
const LARGEST_MICROS = 1e17;
const LARGEST_NANOS = 1e20;

/**
 * Milliseconds since 1970 UTC of what a record gives as a time, or undefined when it is none.
 *
 * - numbers, also as text: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size: below 10^11 seconds, below 10^14
 *   milliseconds, below 10^17 microseconds, below 10^20 nanoseconds
 * - text of ISO 8601: a date, or a date and a time with or without seconds, their fractions and a zone; without a zone it is UTC. Eight digits are a date
 */
export function eventTimeOf(value: Value): number | undefined {
  if (typeof value === 'number') return ofNumber(value);
  if (typeof value === 'bigint') return ofInteger(value);
  if (typeof value === 'string') return ofText(value);
  return value !== null && isFloatTag(value) ? ofNumber(value.float) : undefined;
}

function ofNumber(n: number): number | undefined {
  const size = Math.abs(n);
  if (size < LARGEST_SECONDS) return Math.round(n * MS);
  if (size < LARGEST_MILLIS) return Math.floor(n);
  if (size < LARGEST_MICROS) return Math.floor(n / 1e3);
  return size < LARGEST_NANOS ? Math.floor(n / 1e6) : undefined;
}

/** Integers beyond 2^53, which are microseconds or nanoseconds. */
function ofInteger(n: bigint): number | undefined {
  const size = Math.abs(Number(n));
  if (size >= LARGEST_NANOS) return undefined;
  const unit = size < LARGEST_MICROS ? 1_000n : 1_000_000n;
  const rest = n % unit;
  return Number((n - (rest < 0n ? rest + unit : rest)) / unit);
}

const NUMBER = /^-?\d{1,21}(\.\d{1,12})?$/;
const ISO =
  /^(\d{4})(?:-(\d\d)-(\d\d)|(\d\d)(\d\d))(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)?(?: ?([Zz]|UTC|[+-]\d\d(?::?\d\d)?))?)?$/;
/** No text of a time is longer. */
const LONGEST = 64;

function ofText(text: string): number | undefined {
  if (text.length > LONGEST) return undefined;
  const plain = text.trim();
  const iso = ISO.exec(plain);
  if (iso !== null) return ofIso(iso);
  if (!NUMBER.test(plain)) return undefined;
  return plain.includes('.') || plain.length < 16 ? ofNumber(Number(plain)) : ofInteger(BigInt(plain));
}

function ofIso(match: RegExpExecArray): number | undefined {
  const [, year = '', monthA, dayA, monthB, dayB, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const [y, month, day] = [Number(year), Number(monthA ?? monthB), Number(dayA ?? dayB)];
  const offset = zoneMinutes(zone);
  // A second 60 is a leap second: the one after it, as clocks without leap seconds show it.
  if (offset === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(y, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return (
    date.getTime() +
    ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * MS +
    Number(fraction.padEnd(3, '0').slice(0, 3))
  );
}

function zoneMinutes(zone: string): number | undefined {
  if (!/^[+-]/.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
