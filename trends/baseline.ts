import type { TrendEvidence } from '../schemas/core.ts';
import type { PaneIndex } from './panes.ts';
import { poissonTail } from './poisson-tail.ts';
import { countGroup, type Group, type Range } from './windows.ts';

/** What the windows before one say about it. */
export type Baseline = { readonly windows: number; readonly mean: number; readonly median: number; readonly spread: number };

/** The first minute of a source, and the first one after its last long silence. */
export type Begins = { readonly since: number; readonly resumed: number | null };

export type BaselineWish = {
  readonly windowMinutes: number;
  readonly baselineWindows: number;
  /** Windows from before the source, or from before its last silence, are no evidence. */
  readonly begins: Begins;
  /** Times of earlier spikes of this group: windows that touch one are left out while enough others remain. */
  readonly spikes: readonly Range[];
};

/** Fewer windows are no baseline. */
const FEWEST_WINDOWS = 3;

/** The windows of the same length right before a window, one after the other; undefined when there are too few. */
export function baselineOf(
  panes: PaneIndex,
  group: Group,
  { range, ...wish }: BaselineWish & { readonly range: Range },
): Baseline | undefined {
  const { since, resumed } = wish.begins;
  const first = resumed !== null && range.to > resumed ? resumed : since;
  const ranges: Range[] = [];
  for (let i = 1; i <= wish.baselineWindows; i++) {
    const shift = i * wish.windowMinutes;
    const before = { from: range.from - shift, to: range.to - shift };
    if (before.from >= first) ranges.push(before);
  }
  const calm = ranges.filter((one) => !wish.spikes.some((spike) => spike.from < one.to && one.from < spike.to));
  const used = calm.length >= FEWEST_WINDOWS ? calm : ranges;
  return used.length < FEWEST_WINDOWS ? undefined : describe(used.map((one) => countGroup(panes, one, group)));
}

/** To estimate a standard deviation from the median and from the mean absolute deviation of a normal distribution. */
const MEDIAN_TO_SD = 1.4826;
const MEAN_TO_SD = 1.2533;

function describe(counts: readonly number[]): Baseline {
  const windows = counts.length;
  // Half a record in all windows together (the mean under Jeffreys' prior): nothing seen is not a rate of nothing.
  const mean = (counts.reduce((sum, count) => sum + count, 0) + 0.5) / windows;
  const median = medianOf(counts);
  const deviations = counts.map((count) => Math.abs(count - median));
  const mad = MEDIAN_TO_SD * medianOf(deviations);
  if (mad > 0) return { windows, mean, median, spread: mad };
  // More than half of the windows are equal. Counts of independent records vary by the root of their mean at least.
  const meanDeviation = (MEAN_TO_SD * deviations.reduce((sum, each) => sum + each, 0)) / windows;
  return { windows, mean, median, spread: Math.max(meanDeviation, Math.sqrt(Math.max(median, 1))) };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export type Comparison = { readonly ratio: number; readonly z: number; readonly p: number };

export const compare = (count: number, { mean, median, spread }: Baseline): Comparison => ({
  ratio: count / mean,
  z: (count - median) / spread,
  p: poissonTail(count, mean),
});

/** Six digits, so that a fact does not hang on the last bits of a logarithm. */
const rounded = (value: number): number => Number(value.toPrecision(6));

export function evidenceOf(count: number, reporters: number, baseline: Baseline | undefined): TrendEvidence {
  if (baseline === undefined) return { count, baseline: null, ratio: null, z: null, p: null, reporters, windows: 0 };
  const { ratio, z, p } = compare(count, baseline);
  const { mean, windows } = baseline;
  return { count, baseline: rounded(mean), ratio: rounded(ratio), z: rounded(z), p: rounded(p), reporters, windows };
}
