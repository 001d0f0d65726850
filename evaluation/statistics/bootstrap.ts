import { binomial } from '../random/binomial.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { quantileSorted } from './quantile.ts';

export const BOOTSTRAP_DRAWS = 10_000;
/** With more undefined draws than this share there is no interval. */
const MAX_UNDEFINED = 0.05;

export type BootstrapInterval = {
  readonly low: number;
  readonly high: number;
  /** Standard deviation of the draws. */
  readonly se: number;
};

/**
 * Percentile bootstrap of a statistic of samples, 95 % (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993,
 * ch. 13). Samples that the statistic cannot tell apart form a cell; drawing n samples with replacement is then one
 * multinomial draw of cell counts, whose cost does not grow with n. Paired because a cell holds what A and B said of the same
 * sample. Equal cells, statistic and seed give equal numbers; cells must come in an order that does not depend on the rows'.
 *
 * `statistic` gets the counts (which it must not keep) and may return null where it is undefined; such draws are left out.
 * Null when they are more than 5 % of the draws, or there are no samples.
 */
export function bootstrapInterval(work: {
  readonly cells: readonly number[];
  readonly statistic: (counts: Int32Array) => number | null;
  readonly seed: number;
  readonly draws?: number;
}): BootstrapInterval | null {
  const draws = work.draws ?? BOOTSTRAP_DRAWS;
  const n = work.cells.reduce((sum, count) => sum + count, 0);
  if (n === 0) return null;
  const random = seededRandom(work.seed, 2);
  const counts = new Int32Array(work.cells.length);
  const values = new Float64Array(draws);
  let defined = 0;
  for (let draw = 0; draw < draws; draw++) {
    let [left, weight] = [n, n];
    for (let c = 0; c < counts.length; c++) {
      const cell = work.cells[c] ?? 0;
      const drawn = left === 0 ? 0 : binomial(random, left, cell / weight);
      counts[c] = drawn;
      left -= drawn;
      weight -= cell;
    }
    const value = work.statistic(counts);
    if (value !== null) values[defined++] = value;
  }
  return defined < draws * (1 - MAX_UNDEFINED) ? null : summaryOf(values.subarray(0, defined).sort());
}

function summaryOf(sorted: Float64Array): BootstrapInterval {
  const origin = sorted[0] ?? 0;
  const mean = sorted.reduce((sum, value) => sum + (value - origin), 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - origin - mean) ** 2, 0);
  return {
    low: quantileSorted(sorted, 0.025),
    high: quantileSorted(sorted, 0.975),
    se: Math.sqrt(squares / Math.max(1, sorted.length - 1)),
  };
}
