import { metricName, parseMetric } from '../../metrics/metric.ts';
import { counted, duration, grouped, percent, signedPoints } from '../../summary/number-text.ts';
import { variantNames, type ReportInput } from '../report-input.ts';
import { failureList, flipLists } from './cases.ts';
import { confusionTable } from './confusion-table.ts';
import { foreign, html, section, sentence, type Html } from './markup.ts';
import { methodSection, sampleSetSection } from './method.ts';
import { differencePlot, sharePlot } from './plots.ts';
import { STYLE } from './style.ts';
import { metricsTable, scoresOf, usageTable, type NamedVariant } from './tables.ts';

/**
 * A report of an evaluation as one HTML file: no script, nothing loaded from anywhere (its policy forbids both), readable on a
 * phone, in light and dark. Texts of samples are shown as text, whatever they hold.
 */
export function renderHtml(input: ReportInput): string {
  const { summary } = input;
  const variants = variantNames(input).flatMap((name, index): NamedVariant[] => {
    const variant = summary.variants[name];
    return variant === undefined ? [] : [{ name, colour: `var(--v${index % 5})`, summary: variant }];
  });
  const labels = Object.keys(summary.labels);
  const title = titleOf(variants, summary.sampleSet);
  const failures = failureList(input);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${summary.verdict}: ${title}</title>
        <style>
          ${{ markup: STYLE }}
        </style>
      </head>
      <body>
        <header>
          <p>
            Riskflow
            evaluation${input.createdAt === null ? '' : `, ${input.createdAt}`}${input.elapsedMs === null ? '' : `, took ${duration(input.elapsedMs)}`}
          </p>
          <h1>${foreign(title)}</h1>
        </header>
        <main>
          ${verdictCard(input)}
          ${section('variants', 'Variants', html`<div class="variants">${variants.map((variant, index) => variantCard(variant, index === 0))}</div>`)}
          ${
            summary.notes.length === 0
              ? null
              : section(
                  'notes',
                  'Notes',
                  html`<ul class="plain">
                    ${summary.notes.map((note) => html`<li>${sentence(note)}</li>`)}
                  </ul>`,
                )
          }
          ${differenceSection(input, variants)}
          ${section('metrics', 'Metrics', metricsTable(variants, labels.slice(0, LABELS_SHOWN)), labels.length > LABELS_SHOWN ? html`<p class="soft">${labels.length - LABELS_SHOWN} more labels are left out.</p>` : null)}
          ${classesSection(variants, labels)}
          ${section('confusion', 'Confusion matrices', html`<div class="matrices" style="--least:${labels.length > 3 ? 520 : 300}px">${variants.map((variant) => confusionTable(variant, labels))}</div>`)}
          ${variants.length < 2 ? null : section('flips', 'Samples that changed', flipLists(input))}
          ${failures === null ? null : section('errors', 'Errors', failures)}
          ${section('usage', 'Time, tokens and cost', usageTable(variants))} ${section('samples', 'Samples', sampleSetSection(input))}
          ${section('method', 'How this was computed', methodSection(input))}
        </main>
        <footer><p>Written by Riskflow ${input.version}. This file loads nothing from the network.</p></footer>
      </body>
    </html> `;
  return page.markup;
}

function titleOf([baseline, ...others]: readonly NamedVariant[], set: string): string {
  const named = ({ name, summary }: NamedVariant): string => (summary.fileName === null ? name : `${name} (${summary.fileName})`);
  if (baseline === undefined) return set;
  return others.length === 0 ? `${named(baseline)} on ${set}` : `${others.map(named).join(', ')} against ${named(baseline)} on ${set}`;
}

const LABELS_SHOWN = 50;
/** Plots of classes are for a glance; the table has them all. */
const CLASSES_PLOTTED = 12;
const SIGNS = { PASS: '✓', FAIL: '✕', UNDECIDED: '?' } as const;

function verdictCard({ summary }: ReportInput): Html {
  const { difference } = summary;
  const parsed = parseMetric(summary.metric);
  const metric = parsed.ok ? metricName(parsed.metric) : summary.metric;
  const scores = Object.entries(summary.variants)
    .slice(0, 2)
    .map(([name, { score, scoreInterval }]) =>
      fact(
        `${metric}, ${name}`,
        score === null ? '–' : percent(score),
        scoreInterval === null ? null : `${percent(scoreInterval.low)} to ${percent(scoreInterval.high)}`,
      ),
    );
  const facts = [
    ...scores,
    ...(difference === null || difference.estimate === null
      ? []
      : [
          fact(
            `${difference.variant} − ${difference.baseline}, points`,
            signedPoints(difference.estimate),
            difference.low === null || difference.high === null
              ? 'no interval'
              : `${signedPoints(difference.low)} to ${signedPoints(difference.high)}`,
          ),
        ]),
    ...(difference === null
      ? []
      : [fact('gained / lost', `${grouped(difference.flips.gained)} / ${grouped(difference.flips.lost)}`, 'samples that changed')]),
    fact(
      'samples',
      grouped(summary.n),
      summary.clusters === null ? (summary.repeats > 1 ? `${summary.repeats} repeats` : null) : `${counted(summary.clusters, 'group')}`,
    ),
  ];
  return html`<div class="verdict ${summary.verdict}" role="region" aria-label="Verdict">
    <span class="word"><span aria-hidden="true">${SIGNS[summary.verdict]}</span> ${summary.verdict}</span>
    <p class="why">${sentence(summary.sentence)}</p>
    <dl class="facts">${facts}</dl>
  </div>`;
}

const fact = (title: string, value: string, more: string | null): Html =>
  html`<div>
    <dt>${foreign(title)}</dt>
    <dd>${value}${more === null ? null : html`<small>${more}</small>`}</dd>
  </div>`;

function variantCard({ name, colour, summary }: NamedVariant, isBaseline: boolean): Html {
  const mapped = Object.entries(summary.modelMap).map(
    ([from, to]) =>
      html`<dt>model</dt>
        <dd>${foreign(to)} <small>for ${foreign(from)}</small></dd>`,
  );
  const trained = Object.entries(summary.artifacts).map(
    ([model, hash]) =>
      html`<dt>trained</dt>
        <dd>${foreign(model)} <code>${hash.slice(0, 12)}</code></dd>`,
  );
  return html`<div class="variant" style="--v:${colour}">
    <h3>${name}${isBaseline ? html` <small>baseline</small>` : null}</h3>
    <dl class="pairs">
      <dt>flow</dt>
      <dd>${foreign(summary.flow)}</dd>
      ${
        summary.fileName === null
          ? null
          : html`<dt>file</dt>
              <dd>${foreign(summary.fileName)}</dd>`
      }
      <dt>version</dt>
      <dd><code>${summary.flowVersion.slice(0, 12)}</code></dd>
      ${mapped}${trained}${
        summary.pinned.length === 0
          ? null
          : html`<dt>pinned</dt>
              <dd>${foreign(summary.pinned.join(', '))}</dd>`
      }
    </dl>
  </div>`;
}

function differenceSection({ summary }: ReportInput, variants: readonly NamedVariant[]): Html | null {
  const differences = Object.values(summary.differences);
  const plot = differencePlot(differences, (name) => variants.find((variant) => variant.name === name)?.colour ?? 'var(--v1)');
  if (plot === null) return null;
  const sentences =
    differences.length < 2
      ? null
      : html`<ul class="plain">
          ${differences.map((difference) => html`<li><b>${difference.variant}: ${difference.verdict}.</b> ${sentence(difference.sentence)}</li>`)}
        </ul>`;
  return section('difference', `Difference to ${variants[0]?.name ?? ''}`, plot, sentences);
}

function classesSection(variants: readonly NamedVariant[], labels: readonly string[]): Html | null {
  const shown = labels.slice(0, CLASSES_PLOTTED);
  const lows = variants.flatMap(({ summary }) =>
    shown.flatMap((label) => {
      const { precision, recall, f1, precisionInterval, recallInterval, f1Interval } = scoresOf(summary, label);
      return [precisionInterval?.low ?? precision, recallInterval?.low ?? recall, f1Interval?.low ?? f1].filter((low) => low !== null);
    }),
  );
  if (lows.length === 0) return null;
  const from = Math.min(0.9, Math.floor(Math.min(...lows) * 10) / 10);
  const plots = shown.map((label) => {
    const rows = (['precision', 'recall', 'f1'] as const).map((kind) => ({
      title: kind === 'f1' ? 'F1' : kind,
      points: variants.map(({ name, colour, summary }) => ({
        name,
        colour,
        value: scoresOf(summary, label)[kind],
        interval: scoresOf(summary, label)[`${kind}Interval`],
      })),
    }));
    return html`<div>
      <h3>${foreign(label)}</h3>
      <figure>${sharePlot(`Scores of ${label} in percent`, rows, from)}</figure>
    </div>`;
  });
  const legend = html`<p class="soft">
    ${variants.map(({ name, colour }) => html`<span class="mark" style="--v:${colour}"></span>${name}&ensp;`)} percent, 95 % intervals, axis
    from ${Math.round(from * 100)}
  </p>`;
  const left = labels.length - shown.length;
  return section(
    'classes',
    'Classes',
    legend,
    html`<div class="matrices">${plots}</div>`,
    left > 0 ? html`<p class="soft">${left} more are in the table above.</p>` : null,
  );
}
