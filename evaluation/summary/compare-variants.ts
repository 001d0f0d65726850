import { ErrorCode, RiskflowError, type EvaluationDifference, type FlippedSample } from '../../schemas/core.ts';
import { metricName, type Metric } from '../metrics/metric.ts';
import { samplesToDecide } from '../statistics/detectable-effect.ts';
import { pairedDifference } from './difference.ts';
import { flipsBetween, listFlips } from './flips.ts';
import type { Judged } from './judge-results.ts';
import type { ResultTable } from './result-table.ts';
import { judge } from './verdict.ts';

/** Compares the variant of the given index with the baseline: difference, verdict, flips. */
export function compareWithBaseline(
  table: ResultTable,
  { results }: Judged,
  { metric, variant }: { readonly metric: Metric; readonly variant: number },
): { readonly difference: EvaluationDifference; readonly samples: readonly FlippedSample[] } {
  const { options, variants } = table.started;
  const [a, b] = [results.variants[0], results.variants[variant]];
  const [baseline, name] = [variants[0]?.name ?? '', variants[variant]?.name ?? ''];
  if (a === undefined || b === undefined) throw new RiskflowError(ErrorCode.internal, `there are no results of "${name}"`);
  const paired = pairedDifference({ results, a, b, metric, seed: options.seed });
  const { estimate, interval, detectable } = paired;
  const { margin, maxErrors } = options;
  const n = results.sampleIds.length;
  const more = estimate === null || interval === null ? null : samplesToDecide({ n, estimate, ...interval, margin, detectable });
  const failed = [a, b].map((said, i) => ({ variant: i === 0 ? baseline : name, failed: said.failed, n: said.correct.length }));
  const judgement = judge({ ...paired, baseline, variant: name, metric: metricName(metric), margin, moreSamples: more, failed, maxErrors });
  const flips = flipsBetween(results, a, b);
  const difference: EvaluationDifference = {
    baseline,
    variant: name,
    metric: options.metric,
    estimate,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    p: paired.p,
    pOver: paired.pOver,
    test: paired.test,
    n,
    clusters: paired.clusters,
    margin,
    detectable,
    moreSamples: judgement.verdict === 'UNDECIDED' ? more : null,
    flips: { gained: flips.gained.length, lost: flips.lost.length },
    ...judgement,
  };
  return { difference, samples: listFlips({ results, a, b, variant: name }, flips) };
}
