import { Cron } from 'croner';
import { messageOf, RiskflowError, type ScheduleSettings, type ScheduleTiming } from '../../schemas/index.ts';

type Times = Pick<ScheduleSettings, 'timing' | 'until'>;

/** The next time strictly after a moment, both in milliseconds since 1970 UTC; null when there is none any more. */
export type NextTime = (after: number) => number | null;

/**
 * The times of a schedule, computed from its settings and never from when something ran, so that they do not drift.
 *
 * Daylight saving time: a time of day that is left out in spring comes an hour later on that day, one that is repeated in autumn comes
 * once, the first time.
 */
export function timesOf({ timing, until }: Times): NextTime {
  const next = timing.kind === 'every' ? everyTimes(timing) : cronTimes(timing);
  return (after) => {
    const time = next(after);
    return time === null || (until !== null && time > until) ? null : time;
  };
}

const everyTimes =
  ({ everyMs, offsetMs }: Extract<ScheduleTiming, { readonly kind: 'every' }>): NextTime =>
  (after) =>
    (Math.floor((after - offsetMs) / everyMs) + 1) * everyMs + offsetMs;

function cronTimes({ expression, timezone }: Extract<ScheduleTiming, { readonly kind: 'cron' }>): NextTime {
  // As Temporal reads it: both day fields must hold.
  const cron = new Cron(plainCron(expression), { timezone, mode: '5-part', domAndDow: true });
  return (after) => cron.nextRun(new Date(after))?.getTime() ?? null;
}

/** The next times, at most `count`. */
export function nextTimes(times: Times, after: number, count: number): readonly number[] {
  const next = timesOf(times);
  const found: number[] = [];
  for (let time = next(after); time !== null && found.length < count; time = next(time)) found.push(time);
  return found;
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 366 * 24 * 3_600_000;
const CRON_HINT = "five fields: minute hour day-of-month month day-of-week, such as '0 3 * * *' or '*/10 8-18 * * MON-FRI'";

/** @throws RiskflowError `usage` for times that cannot be, or that not both keepers would read alike. `now`: something must come after it */
export function checkTimes(times: Times, now: number): void {
  const { timing, until } = times;
  if (timing.kind === 'every') checkEvery(timing);
  else checkCron(timing);
  if (until !== null && until <= now) throw new RiskflowError('usage', `--until ${new Date(until).toISOString()} is over already`);
  if (timesOf(times)(now) === null) {
    const why = until === null ? 'there is no such day' : `nothing comes before --until ${new Date(until).toISOString()}`;
    throw new RiskflowError('usage', `the schedule would never happen: ${why}`);
  }
}

function checkEvery({ everyMs, offsetMs }: Extract<ScheduleTiming, { readonly kind: 'every' }>): void {
  if (everyMs < SHORTEST_MS || everyMs > LONGEST_MS || everyMs % 1000 !== 0)
    throw new RiskflowError('usage', '--every must be whole seconds, from 1s to 366d');
  if (offsetMs >= everyMs || offsetMs % 1000 !== 0)
    throw new RiskflowError('usage', '--offset must be whole seconds, and shorter than --every');
}

const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const FIELDS: readonly { readonly name: string; readonly names: readonly string[]; readonly first: number }[] = [
  { name: 'minute', names: [], first: 0 },
  { name: 'hour', names: [], first: 0 },
  { name: 'day of the month', names: [], first: 1 },
  { name: 'month', names: MONTHS, first: 1 },
  { name: 'day of the week', names: DAYS, first: 0 },
];

function checkCron({ expression, timezone }: Extract<ScheduleTiming, { readonly kind: 'cron' }>): void {
  if (!isTimezone(timezone))
    throw new RiskflowError('usage', `--timezone "${timezone}" is not a time zone`, { hint: 'name one as Europe/Berlin or UTC' });
  plainCron(expression);
  try {
    cronTimes({ kind: 'cron', expression, timezone })(0);
  } catch (cause) {
    const why = messageOf(cause).replace(/^CronPattern: /, '');
    throw new RiskflowError('usage', `--cron "${expression}": ${why.charAt(0).toLowerCase()}${why.slice(1)}`, { cause, hint: CRON_HINT });
  }
}

/**
 * A cron expression with numbers in place of names. What differs between keepers is refused: seconds, years, L, W, #, ?, @daily.
 * @throws RiskflowError `usage`
 */
export function plainCron(expression: string): string {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    throw new RiskflowError('usage', `--cron "${expression}" has ${parts.length} fields, and 5 are needed`, { hint: CRON_HINT });
  }
  return FIELDS.map((field, i) => plainField(expression, parts[i] ?? '', field)).join(' ');
}

function plainField(expression: string, text: string, { name, names, first }: (typeof FIELDS)[number]): string {
  const refuse = (part: string): never => {
    throw new RiskflowError('usage', `--cron "${expression}": "${part}" is no ${name}`, { hint: CRON_HINT });
  };
  const numberOf = (word: string, part: string, isEnd: boolean): string => {
    if (/^\d{1,2}$/.test(word)) return word;
    const place = names.indexOf(word.toUpperCase());
    if (place === -1) return refuse(part);
    // A week that ends on Sunday ends after Saturday.
    return String(isEnd && names === DAYS && place === 0 ? 7 : place + first);
  };
  return text
    .split(',')
    .map((part) => {
      const match = /^(?:\*|(\w+)(?:-(\w+))?)(\/\d{1,2})?$/.exec(part);
      if (match === null) return refuse(part);
      const [, from, to, step = ''] = match;
      if (from === undefined) return `*${step}`;
      const range = to === undefined ? numberOf(from, part, false) : `${numberOf(from, part, false)}-${numberOf(to, part, true)}`;
      // Programs differ in what 5/15 is.
      return to === undefined && step !== '' ? refuse(part) : `${range}${step}`;
    })
    .join(',');
}

function isTimezone(name: string): boolean {
  try {
    // An offset such as +02:00 is known here, and not to Temporal.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
