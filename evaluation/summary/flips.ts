import type { FlippedSample } from '../../schemas/core.ts';
import { timesRight, type JudgedResults, type VariantResults } from '../metrics/judged-results.ts';

/** Listed in the summary, per variant; the report and the terminal show fewer. */
const FLIPS_LISTED = 200;

export type Flips = { readonly gained: readonly number[]; readonly lost: readonly number[] };

/**
 * Samples (by number) on which A and B differ in being right: gained where A is wrong and B right, lost where it is the
 * reverse. With repeats right means more than half of them; a tie is neither right nor wrong and never a flip.
 */
export function flipsBetween(results: JudgedResults, a: VariantResults, b: VariantResults): Flips {
  const gained: number[] = [];
  const lost: number[] = [];
  for (let i = 0; i < results.sampleIds.length; i++) {
    const [sideA, sideB] = [a, b].map((variant) => Math.sign(2 * timesRight(results, variant, i) - results.repeats));
    if (sideA === -1 && sideB === 1) gained.push(i);
    if (sideA === 1 && sideB === -1) lost.push(i);
  }
  return { gained, lost };
}

/** The first flips in the seeded order, lost ones first; when there are too many, both kinds get their half. */
export function listFlips(
  work: { readonly results: JudgedResults; readonly a: VariantResults; readonly b: VariantResults; readonly variant: string },
  flips: Flips,
): readonly FlippedSample[] {
  const half = FLIPS_LISTED / 2;
  const lost = flips.lost.slice(0, Math.max(half, FLIPS_LISTED - flips.gained.length));
  const gained = flips.gained.slice(0, FLIPS_LISTED - lost.length);
  const described =
    (kind: FlippedSample['kind']) =>
    (i: number): FlippedSample => ({
      variant: work.variant,
      sampleId: work.results.sampleIds[i] ?? '',
      kind,
      label: nameOf(work.results, work.results.labelOf[i] ?? -1) ?? '',
      baselinePrediction: usualPrediction(work.results, work.a, i),
      prediction: usualPrediction(work.results, work.b, i),
    });
  return [...lost.map(described('lost')), ...gained.map(described('gained'))];
}

/** The prediction most repeats gave; of equally frequent ones the first given. */
function usualPrediction(results: JudgedResults, variant: VariantResults, sample: number): string | null {
  const counts = new Map<number, number>();
  for (let r = 0; r < results.repeats; r++) {
    const code = variant.predictions[sample * results.repeats + r] ?? -1;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  let [best, times] = [-1, 0];
  for (const [code, count] of counts) if (count > times) [best, times] = [code, count];
  return nameOf(results, best);
}

const LONGEST = 200;

function nameOf(results: JudgedResults, code: number): string | null {
  const name = results.names[code] ?? null;
  return name !== null && name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
}
