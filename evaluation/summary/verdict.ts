import type { Verdict } from '../../schemas/core.ts';
import { counted, fixed, percent, points, pointsWithUnit } from './number-text.ts';

/** What a verdict is made of: a comparison's numbers and the rules of the evaluation. */
export type Grounds = {
  readonly baseline: string;
  readonly variant: string;
  /** For sentences: `accuracy`. */
  readonly metric: string;
  readonly estimate: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Why there is no interval. */
  readonly missing: string | null;
  readonly margin: number;
  readonly moreSamples: number | null;
  /** Results that failed, of how many, by variant (the baseline and this one), and the share that is allowed. */
  readonly failed: readonly { readonly variant: string; readonly failed: number; readonly n: number }[];
  readonly maxErrors: number;
};

/**
 * PASS when the whole interval of the difference lies above −margin, FAIL when it lies below, else UNDECIDED; also UNDECIDED
 * when too many results failed or there is no interval. With why, in one sentence.
 */
export function judge(grounds: Grounds): { readonly verdict: Verdict; readonly sentence: string } {
  const tooMany = grounds.failed.find(({ failed, n }) => failed > grounds.maxErrors * n);
  if (tooMany !== undefined) return { verdict: 'UNDECIDED', sentence: failedSentence(tooMany, grounds.maxErrors) };
  if (grounds.estimate === null || grounds.interval === null) {
    return { verdict: 'UNDECIDED', sentence: `There is no interval to judge by: ${grounds.missing ?? 'nothing was compared'}.` };
  }
  const { low, high } = grounds.interval;
  const verdict = low > -grounds.margin ? 'PASS' : high < -grounds.margin ? 'FAIL' : 'UNDECIDED';
  const said = { ...grounds, estimate: grounds.estimate, low, high };
  return { verdict, sentence: verdict === 'UNDECIDED' ? undecidedSentence(said) : decidedSentence(said, verdict) };
}

/** FAIL before UNDECIDED before PASS; UNDECIDED for none. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('FAIL')) return 'FAIL';
  return verdicts.length === 0 || verdicts.includes('UNDECIDED') ? 'UNDECIDED' : 'PASS';
}

/** 0 PASS, 3 FAIL, 4 UNDECIDED. */
export const exitCodeOfVerdict = (verdict: Verdict): 0 | 3 | 4 => (verdict === 'PASS' ? 0 : verdict === 'FAIL' ? 3 : 4);

const failedSentence = ({ variant, failed, n }: Grounds['failed'][number], maxErrors: number): string =>
  `${variant} ended with an error on ${failed} of ${counted(n, 'result')} (${percent(failed / n)}), more than the ${percent(maxErrors)} that --max-errors allows: too many to judge by.`;

type Said = Grounds & { readonly estimate: number; readonly low: number; readonly high: number };

function decidedSentence(said: Said, verdict: 'PASS' | 'FAIL'): string {
  const { baseline, variant, metric, estimate, low, high } = said;
  const digits = decimalsFor(said);
  const claim =
    verdict === 'FAIL'
      ? `at least ${pointsWithUnit(-high, digits)} worse than ${baseline}`
      : low > 0
        ? `at least ${pointsWithUnit(low, digits)} better than ${baseline}`
        : low === 0
          ? `not worse than ${baseline}`
          : `at most ${pointsWithUnit(-low, digits)} worse than ${baseline}`;
  const side = verdict === 'PASS' ? 'above' : 'below';
  return (
    `${variant} is ${claim} in ${metric} (measured: ${pointsWithUnit(estimate, digits)}); ` +
    `the 95 % interval, ${points(low, digits)} to ${pointsWithUnit(high, digits)}, lies ${side} ${pointsWithUnit(-said.margin, digits)}.`
  );
}

function undecidedSentence(said: Said): string {
  const digits = decimalsFor(said);
  const advice =
    said.moreSamples === null
      ? 'the difference lies so near to it that more samples are not likely to decide'
      : `about ${counted(twoDigits(said.moreSamples), 'more sample')} would decide it if ${pointsWithUnit(said.estimate, digits)} is the true difference`;
  return (
    `The 95 % interval of ${said.variant} − ${said.baseline} in ${said.metric}, ${points(said.low, digits)} to ` +
    `${pointsWithUnit(said.high, digits)}, contains ${pointsWithUnit(-said.margin, digits)}; ${advice}.`
  );
}

/** Rounded up to two digits: an estimate of an estimate has no more. */
function twoDigits(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.ceil(n / unit) * unit;
}

/** As few decimals as do not make a limit look equal to the margin or to 0. */
function decimalsFor({ low, high, margin }: Said): number {
  const same = (a: number, b: number, digits: number): boolean => a !== b && fixed(a * 100, digits) === fixed(b * 100, digits);
  for (let digits = 1; digits < 6; digits++) {
    if (![low, high].some((limit) => same(limit, -margin, digits) || same(limit, 0, digits))) return digits;
  }
  return 6;
}
