import { Z_95, Z_POWER } from './critical-values.ts';

/**
 * What a comparison of this size could have found: the smallest true difference for which the 95 % interval excludes 0 with
 * 80 % power (H. Bloom, Evaluation Review 19, 1995: a multiple of the standard error; for paired evaluation of models
 * E. Miller, arXiv 2411.00640, 2024). Differences and margins are shares (0.01 is one point).
 */

const FACTOR = (Z_95 + Z_POWER) ** 2;

/**
 * For right or wrong on `n` pairs of which the share `discordance` differs: δ = √(k·ψ/(n + k)), k = (1.960 + 0.842)², from
 * the variance ψ − δ² of a pair's difference. A difference of δ needs at least δ discordance, so that ψ is never taken below
 * the δ it would give: with no discordant pair at all δ = k/(n + k). Null without pairs.
 */
export function detectableOnPairs(n: number, discordance: number): number | null {
  if (n <= 0) return null;
  const atLeast = FACTOR / (n + FACTOR);
  return Math.sqrt((FACTOR * Math.max(discordance, atLeast)) / (n + FACTOR));
}

/** For any estimate with a standard error: (critical value + power value) · se. Null when se is 0: nothing varied. */
export const detectableBySe = (
  se: number,
  values: { readonly critical: number; readonly power: number } = { critical: Z_95, power: Z_POWER },
): number | null => (se > 0 ? (values.critical + values.power) * se : null);

/**
 * How many samples more would decide: so many that a true difference as large as the estimate would put the whole interval
 * on its side of −margin with 80 % power, and at the very least so many that an unchanged estimate does. Widths shrink with
 * √n. Null when the estimate lies at the margin, where no number decides, or when more than `MAX_MORE` are needed.
 */
export function samplesToDecide(look: {
  readonly n: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly margin: number;
  readonly detectable: number | null;
}): number | null {
  const distance = look.estimate + look.margin;
  const half = distance > 0 ? look.estimate - look.low : look.high - look.estimate;
  const needed = look.n * (Math.max(half, look.detectable ?? 0) / Math.abs(distance)) ** 2;
  const more = Math.ceil(needed - look.n - 1e-6);
  return Number.isFinite(more) && more <= MAX_MORE ? Math.max(1, more) : null;
}

/** Nobody labels a million samples for one decision. */
const MAX_MORE = 1_000_000;
