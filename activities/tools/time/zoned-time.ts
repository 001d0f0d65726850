/** A moment as clocks of a place show it. */
export type ZonedTime = {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Seconds east of Greenwich. */
  readonly offset: number;
  /** "UTC", "CST", "+04": the name as Python's zoneinfo gives it. */
  readonly zone: string;
};

/** Names of zones that JavaScript does not know by letters, as the time zone database has them. */
const ZONE_NAMES: ReadonlyMap<string, readonly [standard: string, summer: string]> = new Map([
  ['Asia/Shanghai', ['CST', 'CDT']],
  ['Asia/Chongqing', ['CST', 'CDT']],
  ['Asia/Taipei', ['CST', 'CDT']],
  ['Asia/Hong_Kong', ['HKT', 'HKST']],
  ['Asia/Tokyo', ['JST', 'JDT']],
  ['Asia/Seoul', ['KST', 'KDT']],
  ['Asia/Kolkata', ['IST', 'IST']],
  ['Asia/Jakarta', ['WIB', 'WIB']],
  ['Asia/Manila', ['PST', 'PDT']],
  ['Europe/London', ['GMT', 'BST']],
  ['Europe/Berlin', ['CET', 'CEST']],
  ['Europe/Paris', ['CET', 'CEST']],
  ['Europe/Madrid', ['CET', 'CEST']],
  ['Europe/Rome', ['CET', 'CEST']],
  ['Europe/Moscow', ['MSK', 'MSD']],
  ['Africa/Cairo', ['EET', 'EEST']],
  ['Australia/Sydney', ['AEST', 'AEDT']],
  ['Pacific/Auckland', ['NZST', 'NZDT']],
]);

/** Whether there is a time zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone }).format(0);
    // Offsets such as "+08:00" are zones to JavaScript only.
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
}

/** The clock of a zone at a moment, milliseconds since 1970. */
export function zonedTime(moment: number, zone: string): ZonedTime {
  const offset = offsetAt(moment, zone);
  const shown = new Date(moment + offset * 1000);
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    millisecond: shown.getUTCMilliseconds(),
    offset,
    zone: zoneName(moment, zone, offset),
  };
}

/** Seconds east of Greenwich. */
function offsetAt(moment: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(moment);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0));
}

function zoneName(moment: number, zone: string, offset: number): string {
  if (zone === 'UTC' || zone === 'Etc/UTC') return 'UTC';
  const named = ZONE_NAMES.get(zone);
  const year = new Date(moment).getUTCFullYear();
  const winter = Math.min(offsetAt(Date.UTC(year, 0, 1), zone), offsetAt(Date.UTC(year, 6, 1), zone));
  if (named !== undefined) return offset > winter ? named[1] : named[0];
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(moment);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  return /^[A-Z]{2,5}$/.test(name) ? name : offsetText(offset, '').replace(/00$/, '');
}

/** "+0530", or with `between` ":" "+05:30". */
export function offsetText(offset: number, between: string): string {
  const size = Math.abs(offset);
  const two = (n: number): string => String(Math.trunc(n)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(size / 3600)}${between}${two((size % 3600) / 60)}`;
}

export type LocalTime = Pick<ZonedTime, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'>;

/** Milliseconds since 1970 of a local time. One that came twice is the first; one that never was counts by the offset before the gap. */
export function momentOf({ year, month, day, hour, minute, second }: LocalTime, zone: string): number {
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const before = offsetAt(local - 86_400_000, zone);
  const early = local - before * 1000;
  if (offsetAt(early, zone) === before) return early;
  const after = offsetAt(local + 86_400_000, zone);
  const late = local - after * 1000;
  return offsetAt(late, zone) === after ? late : early;
}

const LOCAL = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})\s*$/;

/** Reads `2024-1-31 8:30:00`; undefined for anything else, or a day that there is not. */
export function parseLocalTime(text: string): LocalTime | undefined {
  const match = LOCAL.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 61) return undefined;
  return { year, month, day, hour, minute, second: Math.min(second, 59) };
}

/** Whether there is such a day in the calendar that goes on forever backwards. */
export function isDate(year: number, month: number, day: number): boolean {
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return false;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
