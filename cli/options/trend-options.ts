import { RiskflowError, type TrendBy } from '../../schemas/core.ts';
import { readDuration, spanText } from './durations.ts';

export const BY: readonly TrendBy[] = ['all', 'category', 'subject', 'subject-category'];

export function readBy(text: string): TrendBy {
  const by = BY.find((one) => one === text);
  if (by !== undefined) return by;
  throw new RiskflowError('usage', `--by must be one of ${BY.join(', ')}, not "${text}"`);
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const LONGEST = { '--window': 7 * DAY_MS, '--last': 90 * DAY_MS } as const;

/** A time span as whole minutes. @throws RiskflowError that names the option */
export function readMinutes(option: keyof typeof LONGEST, text: string): number {
  const ms = readDuration(option, text);
  if (ms >= MINUTE_MS && ms <= LONGEST[option] && ms % MINUTE_MS === 0) return ms / MINUTE_MS;
  throw new RiskflowError('usage', `${option} must be whole minutes from 1m to ${spanText(LONGEST[option])}, not "${text}"`);
}
