import type { DifferenceTest } from '../../../schemas/core.ts';
import { BOOTSTRAP_DRAWS } from '../../statistics/bootstrap.ts';
import { counted, grouped, percent, points, pointsWithUnit, pValue } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { foreign, html, type Html } from './markup.ts';

/** In words, also for the terminal. */
export const TEST_NAMES: Readonly<Record<DifferenceTest, string>> = {
  'newcombe-paired': 'Newcombe 1998, method 10, on pairs',
  'paired-bootstrap': `paired bootstrap, ${grouped(BOOTSTRAP_DRAWS)} draws`,
  'cr1-clustered': 'cluster-robust (CR1) with Student’s t, on means per sample',
};

/** How the numbers were computed, and how to count them again. */
export function methodSection({ summary, version }: ReportInput): Html {
  const { difference } = summary;
  const rows: readonly (readonly [string, Html | string])[] = [
    [
      'verdict',
      `PASS when the whole 95 % interval of the difference lies above ${pointsWithUnit(-summary.margin)}, FAIL when it lies below, else UNDECIDED; UNDECIDED also when more than ${percent(summary.maxErrors)} of the results failed`,
    ],
    ...(difference === null
      ? []
      : ([
          ['interval', TEST_NAMES[difference.test]],
          [
            'p-value',
            difference.p === null
              ? 'none: samples are not independent'
              : `${pValue(difference.p)}, exact McNemar, two-sided, ${difference.pOver ?? ''}`,
          ],
          [
            'could find',
            difference.detectable === null
              ? 'not known'
              : `true differences from about ${points(difference.detectable)} points on, in 80 % of such evaluations`,
          ],
        ] as const)),
    [
      'other intervals',
      summary.clusters === null && summary.repeats === 1
        ? 'Wilson; F1 through the Jaccard share; macro F1 by the delta method'
        : 'Wilson with the effective number of results (cluster-robust); macro F1 by the delta method',
    ],
    ['seed', html`<code>${summary.seed}</code>`],
    ['evaluation', html`<code>${summary.id}</code>`],
    ['versions', `Riskflow ${version}, statistics ${summary.statisticsVersion}`],
    [
      'recount',
      html`<code>./riskflow eval show ${summary.id} --results --json</code> prints one line per result; every number above is counted from
        these lines`,
    ],
  ];
  return html`<dl class="pairs">
    ${rows.map(
      ([title, text]) =>
        html`<dt>${title}</dt>
          <dd>${text}</dd>`,
    )}
  </dl>`;
}

/** The samples the variants were tried on. */
export function sampleSetSection({ summary, set }: ReportInput): Html {
  const labels = Object.entries(summary.labels).map(([label, n], index) => html`${index === 0 ? '' : ', '}${foreign(label)} ${grouped(n)}`);
  const rows: readonly (readonly [string, Html | string])[] = [
    ['set', foreign(summary.sampleSet)],
    ['version', html`<code>${summary.sampleSetVersion.slice(0, 16)}</code>`],
    [
      'compared',
      `${counted(summary.n, 'sample')} of ${grouped(summary.planned)}${summary.repeats > 1 ? `, ${summary.repeats} repeats each` : ''}`,
    ],
    ['labels', html`${labels}`],
    ...(set === null
      ? []
      : ([['equal texts', set.duplicates === 0 ? 'none' : `${counted(set.duplicates, 'row')} repeat the text of another`]] as const)),
    [
      'clusters',
      summary.clusters === null
        ? 'none: every sample counts as independent'
        : html`${grouped(summary.clusters)} independent groups${set?.clusterField == null ? null : html` by ${foreign(set.clusterField)}`}`,
    ],
  ];
  return html`<dl class="pairs">
    ${rows.map(
      ([title, text]) =>
        html`<dt>${title}</dt>
          <dd>${text}</dd>`,
    )}
  </dl>`;
}
