import { RiskflowError } from '../../schemas/core.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `15m`, `1h30m`, `2d`. @throws RiskflowError that names the option */
export function readDuration(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})([smhd])/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text)
    return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
  throw new RiskflowError('usage', `${option} must be a time span, not "${text}"`, { hint: 'such as 90s, 15m, 1h30m or 2d' });
}

/** `15m`, `1h30m`: as it would be written. */
export function spanText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(UNITS).toReversed()) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}

/** Milliseconds since 1970 of `2026-12-31`, `2026-12-31T18:00Z` or with an offset. A day without a time is its end in UTC. */
export function readMoment(option: string, text: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const exact = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = day ? Date.parse(`${text}T23:59:59Z`) : exact ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new RiskflowError('usage', `${option} must be a moment, not "${text}"`, {
    hint: 'such as 2026-12-31, 2026-12-31T18:00Z or 2026-12-31T18:00+01:00',
  });
}
