import { isNumeric, toDouble, type Tool, type ToolResult, type Value, type Values } from '../../../schemas/index.ts';
import { gaveText, textArgument, toolFailed } from '../tool-results.ts';
import { dayName, MONTHS, strftime } from './strftime.ts';
import { isDate, isTimeZone, momentOf, parseLocalTime, zonedTime } from './zoned-time.ts';

const LOCAL_FORMAT = '%Y-%m-%d %H:%M:%S';
/** What Dify takes when the format is empty. */
const EMPTY_FORMAT = '%Y-%m-%d %H:%M:%S %Z';

/** Dify's provider `time`, by tool. Like it they answer some mistakes with a text; a clock without a zone is that of UTC. */
export const timeTools: Readonly<Record<string, Tool['run']>> = {
  current_time: (args, { now }) => {
    const zone = zoneOf(args, 'timezone');
    if (!isTimeZone(zone)) return gaveText(`Invalid timezone: ${zone}`);
    const format = textArgument(args.get('format'));
    return gaveText(strftime(zonedTime(now(), zone), format === '' ? EMPTY_FORMAT : format));
  },
  localtime_to_timestamp: (args) => {
    const [zone, text] = [zoneOf(args, 'timezone'), textArgument(args.get('localtime'))];
    const local = parseLocalTime(text);
    if (!isTimeZone(zone)) return noZone(zone);
    return local === undefined ? noTime(text) : gaveText(String(Math.trunc(momentOf(local, zone) / 1000)));
  },
  timestamp_to_localtime: (args) => {
    const zone = zoneOf(args, 'timezone');
    const seconds = numberOf(args.get('timestamp'));
    if (!isTimeZone(zone)) return noZone(zone);
    if (!(Math.abs(seconds) < MOST_SECONDS))
      return toolFailed(`the timestamp ${seconds} is beyond the years 1 to 9999: give it in seconds`);
    return gaveText(strftime(zonedTime(Math.floor(seconds * 1000), zone), LOCAL_FORMAT));
  },
  timezone_conversion: (args) => {
    const [from, to] = [zoneOf(args, 'current_timezone'), zoneOf(args, 'target_timezone')];
    const text = textArgument(args.get('current_time'));
    const local = parseLocalTime(text);
    if (!isTimeZone(from)) return noZone(from);
    if (!isTimeZone(to)) return noZone(to);
    return local === undefined ? noTime(text) : gaveText(strftime(zonedTime(momentOf(local, from), to), LOCAL_FORMAT));
  },
  weekday: (args) => {
    const [year = 0, month = 0, day = 0] = ['year', 'month', 'day'].map((name) => Math.trunc(numberOf(args.get(name))));
    if (!isDate(year, month, day)) return gaveText(`Invalid date: Year ${year}, Month ${month}, Day ${day}.`);
    return gaveText(`${MONTHS[month - 1] ?? ''} ${day}, ${year} is ${dayName({ year, month, day })}.`);
  },
};

const MOST_SECONDS = 62_000_000_000;

const noZone = (zone: string): ToolResult => toolFailed(`there is no time zone "${zone}": name it as Asia/Shanghai`);
const noTime = (text: string): ToolResult => toolFailed(`"${text.slice(0, 50)}" is no time of the form 2024-01-31 08:30:00`);

function zoneOf(args: Values, name: string): string {
  const zone = textArgument(args.get(name)).trim();
  return zone === '' ? 'UTC' : zone;
}

const numberOf = (value: Value | undefined): number => (value !== undefined && isNumeric(value) ? toDouble(value) : Number.NaN);
