import type { EvaluationDifference } from '../../../schemas/core.ts';
import { counted, grouped, percent, points, pointsWithUnit, pValue } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { TEST_NAMES } from '../test-names.ts';
import { foreign, safe, type Html } from './markup.ts';

type Row = readonly [title: string, text: Html | string];

const pairs = (rows: readonly Row[]): Html =>
  safe`<dl class="pairs">${rows.map(([title, text]) => safe`<dt>${title}</dt><dd>${text}</dd>`)}</dl>`;

/** How the numbers were computed, and how to count them again. */
export function methodSection({ summary, version }: ReportInput): Html {
  const { difference, margin, maxErrors } = summary;
  const independent = summary.clusters === null && summary.repeats === 1;
  const rule =
    `PASS when the whole 95 % interval of the difference lies above ${pointsWithUnit(-margin)}, FAIL when it lies below, else ` +
    `UNDECIDED; UNDECIDED also when more than ${percent(maxErrors)} of a variant's results failed`;
  return pairs([
    ['verdict', rule],
    ...(difference === null ? [] : differenceRows(difference)),
    [
      'other intervals',
      `${independent ? 'Wilson' : 'Wilson with the effective number of results'}; F1 through the Jaccard share; macro F1 by the delta method`,
    ],
    ['seed', safe`<code>${summary.seed}</code>`],
    ['evaluation', safe`<code>${summary.id}</code>`],
    ['versions', `Riskflow ${version}, statistics ${summary.statisticsVersion}`],
    [
      'recount',
      safe`<code>./riskflow eval show ${summary.id} --results --json</code> prints one line per result; all numbers here are counted from those`,
    ],
  ]);
}

function differenceRows({ test, p, pOver, detectable }: EvaluationDifference): readonly Row[] {
  const found =
    detectable === null ? 'not known' : `true differences from about ${points(detectable)} points on, in 80 % of such evaluations`;
  return [
    ['interval', TEST_NAMES[test]],
    ['p-value', p === null ? 'none: results are not independent' : `${pValue(p)}, exact McNemar, two-sided, ${pOver ?? ''}`],
    ['could find', found],
  ];
}

/** The samples the variants were tried on. */
export function sampleSetSection({ summary, set }: ReportInput): Html {
  const labels = Object.entries(summary.labels).map(([label, n], i) => safe`${i === 0 ? '' : ', '}${foreign(label)} ${grouped(n)}`);
  const repeats = summary.repeats > 1 ? `, ${summary.repeats} repeats each` : '';
  const by = set === null || set.clusterField === null ? null : safe` by ${foreign(set.clusterField)}`;
  const equal = set === null ? 'not known' : set.duplicates === 0 ? 'none' : `${counted(set.duplicates, 'row')} repeat the text of another`;
  return pairs([
    ['set', foreign(summary.sampleSet)],
    ['version', safe`<code>${summary.sampleSetVersion.slice(0, 16)}</code>`],
    ['compared', `${counted(summary.n, 'sample')} of ${grouped(summary.planned)}${repeats}`],
    ['labels', safe`${labels}`],
    ['equal texts', equal],
    [
      'clusters',
      summary.clusters === null ? 'none: every sample counts as independent' : safe`${counted(summary.clusters, 'independent group')}${by}`,
    ],
  ]);
}
