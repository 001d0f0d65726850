import type { ClassScores, Interval, VariantSummary } from '../../../schemas/core.ts';
import { counted, dollars, duration, fixed, grouped, percent } from '../../summary/number-text.ts';
import { own } from '../confusion-rows.ts';
import { foreign, safe, scrolling, type Html } from './markup.ts';
import { cutText } from '../visible-text.ts';

const LONGEST_LABEL = 60;

export type NamedVariant = { readonly name: string; readonly colour: string; readonly summary: VariantSummary };

const variantHead = ({ name, colour }: NamedVariant): Html =>
  safe`<th scope="col"><span class="mark" style="--v:${colour}"></span>${name}</th>`;

const share = (value: number | null, interval: Interval | null): Html =>
  safe`<td>
    ${value === null ? '–' : percent(value)}${interval === null ? null : safe`<small>${fixed(interval.low * 100, 1)} – ${fixed(interval.high * 100, 1)}</small>`}
  </td>`;

type Row = readonly [title: string, cell: (variant: VariantSummary) => Html];

const rowsOf = (variants: readonly NamedVariant[], rows: readonly Row[]): readonly Html[] =>
  rows.map(
    ([title, cell]) =>
      safe`<tr>
        <th scope="row">${title}</th>
        ${variants.map(({ summary }) => cell(summary))}
      </tr>`,
  );

const EMPTY: ClassScores = {
  precision: null,
  recall: null,
  f1: null,
  support: 0,
  predicted: 0,
  precisionInterval: null,
  recallInterval: null,
  f1Interval: null,
};

/** All null when a variant has no such label. */
export const scoresOf = (variant: VariantSummary, label: string): ClassScores => own(variant.classes, label) ?? EMPTY;

/** Accuracy, macro F1 and each label's precision, recall and F1, with intervals. */
export function metricsTable(variants: readonly NamedVariant[], labels: readonly string[]): Html {
  const perLabel = labels.map((label) => {
    const scores = (variant: VariantSummary): ClassScores => scoresOf(variant, label);
    const support = variants.reduce((most, { summary }) => Math.max(most, scores(summary).support), 0);
    return safe`<tr class="group">
        <th scope="rowgroup" colspan="${variants.length + 1}">${foreign(cutText(label, LONGEST_LABEL))} <small>${counted(support, 'result')}</small></th>
      </tr>
      ${rowsOf(variants, [
        ['precision', (variant) => share(scores(variant).precision, scores(variant).precisionInterval)],
        ['recall', (variant) => share(scores(variant).recall, scores(variant).recallInterval)],
        ['F1', (variant) => share(scores(variant).f1, scores(variant).f1Interval)],
      ])}`;
  });
  const table = safe`<table class="wide">
    <caption>
      With 95 % intervals, in percent
    </caption>
    <thead>
      <tr>
        <th scope="col">Metric</th>
        ${variants.map(variantHead)}
      </tr>
    </thead>
    <tbody>
      ${rowsOf(variants, [
        ['accuracy', (variant) => share(variant.accuracy, variant.accuracyInterval)],
        ['right', (variant) => safe`<td>${grouped(variant.correct)}<small>of ${grouped(variant.n)}</small></td>`],
        ['errors', (variant) => safe`<td>${grouped(variant.errors)}</td>`],
        ['macro F1', (variant) => share(variant.macroF1, variant.macroF1Interval)],
      ])}
    </tbody>
    <tbody>
      ${perLabel}
    </tbody>
  </table>`;
  return scrolling('Metrics', table);
}

/** What running cost. */
export function usageTable(variants: readonly NamedVariant[]): Html {
  const cell = (text: string): Html => safe`<td>${text}</td>`;
  const ms = (value: number | null): string => (value === null ? '–' : duration(value));
  const count = (value: number | null): string => (value === null ? 'not told' : grouped(value));
  const table = safe`<table class="wide">
    <caption>
      All results, also those not compared
    </caption>
    <thead>
      <tr>
        <th scope="col">What</th>
        ${variants.map(variantHead)}
      </tr>
    </thead>
    <tbody>
      ${rowsOf(variants, [
        ['time per result, median', ({ elapsedMs }) => cell(ms(elapsedMs.p50))],
        ['time per result, 95th percentile', ({ elapsedMs }) => cell(ms(elapsedMs.p95))],
        ['calls', ({ calls }) => cell(grouped(calls))],
        ['reused answers', ({ reused, reusedShare }) => cell(reused === 0 ? '0' : `${grouped(reused)} (${percent(reusedShare)})`)],
        ['tokens in', ({ tokens }) => cell(count(tokens.input))],
        ['tokens out', ({ tokens }) => cell(count(tokens.output))],
        ['cost', ({ cost }) => cell(cost === null ? 'no price' : dollars(cost))],
      ])}
    </tbody>
  </table>`;
  return scrolling('Time, tokens and cost', table);
}
