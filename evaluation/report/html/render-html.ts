import { duration } from '../../summary/number-text.ts';
import { variantNames, type ReportInput } from '../report-input.ts';
import { variantCard, verdictCard } from './cards.ts';
import { failureList, flipLists } from './cases.ts';
import { classPlots } from './class-plots.ts';
import { confusionTable } from './confusion-table.ts';
import { differencePlot } from './difference-plot.ts';
import { foreign, safe, section, sentence, type Html } from './markup.ts';
import { methodSection, sampleSetSection } from './method.ts';
import { STYLE } from './style.ts';
import { metricsTable, usageTable, type NamedVariant } from './tables.ts';

/**
 * A report of an evaluation as one HTML file: no script, nothing loaded from anywhere (its policy forbids both), readable on a
 * phone, in light and dark. Texts of samples are shown as text, whatever they hold.
 */
export function renderHtml(input: ReportInput): string {
  const { summary } = input;
  const variants = variantNames(input).flatMap((name, index): NamedVariant[] => {
    const variant = summary.variants[name];
    return variant === undefined ? [] : [{ name, colour: `var(--v${index % COLOURS})`, summary: variant }];
  });
  const title = titleOf(variants, summary.sampleSet);
  const when = [input.createdAt, input.elapsedMs === null ? null : `took ${duration(input.elapsedMs)}`].filter((part) => part !== null);
  const page = safe`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
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
          <p>${['Riskflow evaluation', ...when].join(', ')}</p>
          <h1>${foreign(title)}</h1>
        </header>
        <main>${verdictCard(input)}${sections(input, variants)}</main>
        <footer><p>Written by Riskflow ${input.version}. This file loads nothing from the network.</p></footer>
      </body>
    </html> `;
  return page.markup;
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/** As many as the style names. */
const COLOURS = 5;
/** Labels in the table of metrics. */
const LABELS = 50;

function titleOf([baseline, ...others]: readonly NamedVariant[], set: string): string {
  const named = ({ name, summary }: NamedVariant): string => (summary.fileName === null ? name : `${name} (${summary.fileName})`);
  if (baseline === undefined) return set;
  return others.length === 0 ? `${named(baseline)} on ${set}` : `${others.map(named).join(', ')} against ${named(baseline)} on ${set}`;
}

function sections(input: ReportInput, variants: readonly NamedVariant[]): readonly Html[] {
  const { summary } = input;
  const labels = Object.keys(summary.labels);
  const left = labels.length - LABELS;
  const failures = failureList(input);
  const cards = variants.map((variant, index) => variantCard(variant, index === 0));
  const matrices = variants.map((variant) => confusionTable(variant, labels));
  // A matrix gets a column of its own when its labels need the width.
  const least = Math.min(900, 140 + 75 * labels.length);
  return [
    section('variants', 'Variants', safe`<div class="variants">${cards}</div>`),
    summary.notes.length === 0
      ? null
      : section(
          'notes',
          'Notes',
          safe`<ul class="plain">
            ${summary.notes.map((note) => safe`<li>${sentence(note)}</li>`)}
          </ul>`,
        ),
    differenceSection(input, variants),
    section(
      'metrics',
      'Metrics',
      metricsTable(variants, labels.slice(0, LABELS)),
      left > 0 ? safe`<p class="soft">${left} more labels are left out.</p>` : null,
    ),
    classPlots(variants, labels),
    section('confusion', 'Confusion matrices', safe`<div class="matrices" style="--least:${least}px">${matrices}</div>`),
    variants.length < 2 ? null : section('flips', 'Samples that changed', flipLists(input)),
    failures === null ? null : section('errors', 'Errors', failures),
    section('usage', 'Time, tokens and cost', usageTable(variants)),
    section('samples', 'Samples', sampleSetSection(input)),
    section('method', 'How this was computed', methodSection(input)),
  ].filter((part) => part !== null);
}

function differenceSection({ summary }: ReportInput, variants: readonly NamedVariant[]): Html | null {
  const differences = Object.values(summary.differences);
  const colourOf = (name: string): string => variants.find((variant) => variant.name === name)?.colour ?? 'var(--v1)';
  const plot = differencePlot(differences, colourOf);
  if (plot === null) return null;
  const verdicts = differences.map(
    (difference) => safe`<li><b>${difference.variant}: ${difference.verdict}.</b> ${sentence(difference.sentence)}</li>`,
  );
  const title = `Difference to ${variants[0]?.name ?? ''}`;
  return section(
    'difference',
    title,
    plot,
    differences.length < 2
      ? null
      : safe`<ul class="plain">
          ${verdicts}
        </ul>`,
  );
}
