import type { RangeRequest } from '../../runtime/index.ts';
import { RiskflowError } from '../../schemas/core.ts';
import { option, type VerbOption } from '../declare.ts';
import { readMoment } from './durations.ts';
import { wholeNumber } from './numbers.ts';

/** Options that say which records of a source are meant. */
export const rangeOptions = (): readonly VerbOption[] => [
  option('--from <TIME>', 'records of things that happened from then on, such as 2026-11-21T18:00Z; a day is its beginning in UTC'),
  option('--to <TIME>', 'and before then; a day is its end in UTC'),
  option('--arrivals <A..B>', 'records that arrived as number A to B, counted from 1 as they came (decision show has the number)'),
  option('--limit <N>', 'at most so many, the first ones', { read: wholeNumber('--limit', { min: 1, max: 1_000_000_000 }) }),
];

export type RangeOptions = { readonly from?: string; readonly to?: string; readonly arrivals?: string; readonly limit?: number };

/** A day without a time is its beginning as `--from`. */
const readStart = (text: string): number => readMoment('--from', /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text);

/** A day without a time is all of it as `--to`. */
const readEnd = (text: string): number => readMoment('--to', text) + (/^\d{4}-\d{2}-\d{2}$/.test(text) ? 1000 : 0);

/** @throws RiskflowError `usage` that names the option */
export function rangeOf({ from, to, arrivals, limit }: RangeOptions): RangeRequest {
  return {
    ...(from === undefined ? {} : { from: readStart(from) }),
    ...(to === undefined ? {} : { to: readEnd(to) }),
    ...(arrivals === undefined ? {} : { arrivals: readArrivals(arrivals) }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** Whether any bound is given. */
export const hasRange = (options: RangeOptions): boolean =>
  options.from !== undefined || options.to !== undefined || options.arrivals !== undefined || options.limit !== undefined;

function readArrivals(text: string): { readonly first: number; readonly last: number } {
  const [, first = '', last = ''] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? [];
  if (first !== '' && Number(first) >= 1 && Number(first) <= Number(last)) return { first: Number(first), last: Number(last) };
  throw new RiskflowError('usage', `--arrivals must be A..B, two numbers from 1 on, the smaller one first, not "${text}"`, {
    hint: 'such as --arrivals 1..500',
  });
}
