import type { AlertRow, TrendEvidence, TrendKey } from '../../schemas/core.ts';

/** How figures of trends and alerts are shown. */
export const FIGURES: readonly string[] = ['count', 'baseline', 'ratio', 'z', 'p', 'reporters'];

export const nameOf = ({ subject, category }: TrendKey): string => {
  const parts = [subject, category].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(' / ');
};

export const figureCells = ({ count, baseline, ratio, z, p, reporters }: TrendEvidence): readonly string[] => [
  String(count),
  numberText(baseline),
  numberText(ratio),
  numberText(z),
  p === null ? '–' : p === 0 ? '<1e-300' : p >= 0.001 ? p.toFixed(3) : p.toExponential(1),
  String(reporters),
];

export const numberText = (value: number | null): string => (value === null ? '–' : value.toFixed(Math.abs(value) < 10 ? 2 : 1));

export const stateText = ({ clearedAt, clearedBecause, peak, corrected }: AlertRow): string => {
  const end = clearedAt === null ? 'in force' : `${clearedBecause ?? ''} ${momentText(clearedAt)}, peak ${peak ?? 0}`;
  return corrected === null ? end : `${end}, corrected`;
};

export const alertDocument = ({ windowStart, windowEnd, clearedAt, ...rest }: AlertRow): Readonly<Record<string, unknown>> => ({
  ...rest,
  windowStart: isoTime(windowStart),
  windowEnd: isoTime(windowEnd),
  clearedAt: clearedAt === null ? null : isoTime(clearedAt),
});

export const isoTime = (time: number): string => new Date(time).toISOString();
/** In UTC, to the minute. */
export const momentText = (time: number): string => isoTime(time).slice(0, 16).replace('T', ' ');
