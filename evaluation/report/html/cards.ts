import { metricName, parseMetric } from '../../metrics/metric.ts';
import { counted, grouped, percent, signedPoints } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { foreign, safe, sentence, type Html } from './markup.ts';
import type { NamedVariant } from './tables.ts';

const SIGNS = { PASS: '✓', FAIL: '✕', UNDECIDED: '?' } as const;

/** The verdict, why, and the numbers behind it. */
export function verdictCard({ summary }: ReportInput): Html {
  const { difference } = summary;
  const parsed = parseMetric(summary.metric);
  const metric = parsed.ok ? metricName(parsed.metric) : summary.metric;
  const scores = Object.entries(summary.variants)
    .slice(0, 2)
    .map(([name, { score, scoreInterval: ci }]) => {
      const interval = ci === null ? null : `${percent(ci.low)} to ${percent(ci.high)}`;
      return fact(`${metric}, ${name}`, score === null ? '–' : percent(score), interval);
    });
  const groups = summary.clusters === null ? null : counted(summary.clusters, 'group');
  const facts = [
    ...scores,
    ...(difference === null ? [] : differenceFacts(difference)),
    fact('samples', grouped(summary.n), summary.repeats > 1 ? `${summary.repeats} repeats` : groups),
  ];
  return safe`<div class="verdict ${summary.verdict}" role="region" aria-label="Verdict">
    <span class="word"><span aria-hidden="true">${SIGNS[summary.verdict]}</span> ${summary.verdict}</span>
    <p class="why">${sentence(summary.sentence)}</p>
    <dl class="facts">${facts}</dl>
  </div>`;
}

function differenceFacts(difference: NonNullable<ReportInput['summary']['difference']>): readonly Html[] {
  const { estimate, low, high, flips, baseline, variant } = difference;
  const interval = low === null || high === null ? 'no interval' : `${signedPoints(low)} to ${signedPoints(high)}`;
  return [
    ...(estimate === null ? [] : [fact(`${variant} − ${baseline}, points`, signedPoints(estimate), interval)]),
    fact('gained / lost', `${grouped(flips.gained)} / ${grouped(flips.lost)}`, 'samples that changed'),
  ];
}

const fact = (title: string, value: string, more: string | null): Html =>
  safe`<div>
    <dt>${foreign(title)}</dt>
    <dd>${value}${more === null ? null : safe`<small>${more}</small>`}</dd>
  </div>`;

/** Which flow a variant is, and what was changed about it. */
export function variantCard({ name, colour, summary }: NamedVariant, isBaseline: boolean): Html {
  const row = (title: string, text: Html): Html =>
    safe`<dt>${title}</dt>
      <dd>${text}</dd>`;
  const rows = [
    row('flow', foreign(summary.flow)),
    ...(summary.fileName === null ? [] : [row('file', foreign(summary.fileName))]),
    row('version', safe`<code>${summary.flowVersion.slice(0, 12)}</code>`),
    ...Object.entries(summary.modelMap).map(([from, to]) => row('model', safe`${foreign(to)} <small>for ${foreign(from)}</small>`)),
    ...Object.entries(summary.artifacts).map(([model, hash]) => row('trained', safe`${foreign(model)} <code>${hash.slice(0, 12)}</code>`)),
    ...(summary.pinned.length === 0 ? [] : [row('pinned', foreign(summary.pinned.join(', ')))]),
  ];
  return safe`<div class="variant" style="--v:${colour}">
    <h3>${name}${isBaseline ? safe` <small>baseline</small>` : null}</h3>
    <dl class="pairs">${rows}</dl>
  </div>`;
}
