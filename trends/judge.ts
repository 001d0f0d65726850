import type { SpikeRule } from '../schemas/core.ts';
import { type Baseline, compare } from './baseline.ts';

/** Minutes between two ends of windows that are judged: every minute, for long windows sixty times within a window's length. */
export const stepOf = ({ windowMinutes }: Pick<SpikeRule, 'windowMinutes'>): number => Math.ceil(windowMinutes / 60);

/** Minutes that a window and its baseline take together. */
export const spanOf = ({ windowMinutes, baselineWindows }: Pick<SpikeRule, 'windowMinutes' | 'baselineWindows'>): number =>
  windowMinutes * (baselineWindows + 1);

/** Whether a count passes all thresholds but that of reporters. More records never pass less. */
export function passes(rule: SpikeRule, count: number, baseline: Baseline | undefined): boolean {
  if (count < rule.floor) return false;
  const { ratio, robustZ, poissonP } = rule;
  if (ratio === undefined && robustZ === undefined && poissonP === undefined) return true;
  if (baseline === undefined) return false;
  const found = compare(count, baseline);
  return (
    (ratio === undefined || found.ratio >= ratio) &&
    (robustZ === undefined || found.z >= robustZ) &&
    (poissonP === undefined || found.p <= poissonP)
  );
}

/** The smallest count that passes, given one that does. */
export function neededCount(rule: SpikeRule, passing: number, baseline: Baseline | undefined): number {
  let low = rule.floor;
  let high = passing;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (passes(rule, middle, baseline)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** Distinct reporters are looked at last: they take longest to count. */
export const enoughReporters = ({ minReporters }: SpikeRule, reporters: () => number): boolean =>
  minReporters === undefined || reporters() >= minReporters;
