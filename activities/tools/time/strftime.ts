import { offsetText, type ZonedTime } from './zoned-time.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const pad = (n: number, width: number, filler = '0'): string => String(n).padStart(width, filler);

/** Writes a time as Python's `strftime` does in the C locale. A directive it does not know stays as it is. */
export const strftime = (time: ZonedTime, format: string): string =>
  format.replace(/%(-?)(:?[A-Za-z%])/g, (all, bare: string, letter: string) => {
    const text = directive(time, letter);
    if (text === undefined) return all;
    // "%-d" of the C library: without leading zeros.
    return bare === '' ? text : text.replace(/^[0 ]+(?=\d)/, '');
  });

/** 0 is Sunday. */
function weekday({ year, month, day }: Pick<ZonedTime, 'year' | 'month' | 'day'>): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCDay();
}
export const dayName = (time: Pick<ZonedTime, 'year' | 'month' | 'day'>): string => DAYS[weekday(time)] ?? '';

function directive(time: ZonedTime, letter: string): string | undefined {
  const { year, month, day, hour, minute, second } = time;
  const write = (format: string): string => strftime(time, format);
  switch (letter) {
    case 'Y':
      return String(year);
    case 'y':
      return pad(year % 100, 2);
    case 'C':
      return pad(Math.trunc(year / 100), 2);
    case 'm':
      return pad(month, 2);
    case 'B':
      return MONTHS[month - 1] ?? '';
    case 'b':
    case 'h':
      return (MONTHS[month - 1] ?? '').slice(0, 3);
    case 'd':
      return pad(day, 2);
    case 'e':
      return pad(day, 2, ' ');
    case 'j':
      return pad(dayOfYear(time), 3);
    case 'H':
      return pad(hour, 2);
    case 'I':
      return pad(hour % 12 === 0 ? 12 : hour % 12, 2);
    case 'M':
      return pad(minute, 2);
    case 'S':
      return pad(second, 2);
    case 'f':
      return pad(time.millisecond * 1000, 6);
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'A':
      return dayName(time);
    case 'a':
      return dayName(time).slice(0, 3);
    case 'w':
      return String(weekday(time));
    case 'u':
      return String(weekday(time) === 0 ? 7 : weekday(time));
    case 'U':
      return pad(Math.trunc((dayOfYear(time) + 6 - weekday(time)) / 7), 2);
    case 'W':
      return pad(Math.trunc((dayOfYear(time) + 6 - ((weekday(time) + 6) % 7)) / 7), 2);
    case 'G':
      return String(isoWeek(time).year);
    case 'V':
      return pad(isoWeek(time).week, 2);
    case 'z':
      return offsetText(time.offset, '');
    case ':z':
      return offsetText(time.offset, ':');
    case 'Z':
      return time.zone;
    case 's':
      return String(Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - time.offset);
    case 'c':
      return write('%a %b %e %H:%M:%S %Y');
    case 'x':
    case 'D':
      return write('%m/%d/%y');
    case 'X':
    case 'T':
      return write('%H:%M:%S');
    case 'F':
      return write('%Y-%m-%d');
    case 'R':
      return write('%H:%M');
    case 'r':
      return write('%I:%M:%S %p');
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '%':
      return '%';
    default:
      return undefined;
  }
}

const DAY_MS = 86_400_000;

const dayOfYear = ({ year, month, day }: ZonedTime): number => (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / DAY_MS + 1;

/** The week of ISO 8601: that of its Thursday. */
function isoWeek(time: ZonedTime): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(time.year, time.month - 1, time.day) + (3 - ((weekday(time) + 6) % 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return { year, week: Math.trunc((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1 };
}
