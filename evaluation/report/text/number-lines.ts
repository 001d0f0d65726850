import type { Interval, VariantSummary } from '../../../schemas/core.ts';
import { dollars, duration, fixed, grouped, percent } from '../../summary/number-text.ts';
import { confusionRows, own } from '../confusion-rows.ts';
import { variantNames, type ReportInput } from '../report-input.ts';
import { visibleLine } from '../visible-text.ts';
import { cutToCells } from './cell-width.ts';
import type { Layout } from './layout.ts';
import { besideEachOther, tableLines } from './text-table.ts';

/** Classes shown in the terminal; the report has more. */
const CLASSES = 8;
const TITLE_CELLS = 22;
/** What is left for a label beside the longest word, precision. */
const LABEL_CELLS = TITLE_CELLS - ' precision'.length;
const SHARE_CELLS = 20;

type Row = (title: string, cell: (variant: VariantSummary) => string) => readonly string[];
const rowOf =
  ({ summary }: ReportInput): Row =>
  (title, cell) => [title, ...Object.values(summary.variants).map(cell)];

/** Accuracy, macro F1 and the scores of each class; intervals where there is room. */
export function metricLines(input: ReportInput, { width }: Layout): readonly string[] {
  const row = rowOf(input);
  const names = variantNames(input);
  const roomy = TITLE_CELLS + SHARE_CELLS * names.length <= Math.max(80, width);
  const share = (value: number | null, interval: Interval | null): string =>
    value === null
      ? '–'
      : `${percent(value)}${interval === null || !roomy ? '' : ` (${fixed(interval.low * 100, 1)}–${fixed(interval.high * 100, 1)})`}`;
  const labels = Object.keys(input.summary.labels);
  const classes = labels.slice(0, CLASSES).flatMap((label) =>
    (['precision', 'recall', 'f1'] as const).map((kind) =>
      row(`${cutToCells(visibleLine(label), LABEL_CELLS)} ${kind === 'f1' ? 'F1' : kind}`, (variant) => {
        const scores = own(variant.classes, label);
        return share(scores?.[kind] ?? null, scores?.[`${kind}Interval`] ?? null);
      }),
    ),
  );
  const rows = [
    row('accuracy', ({ accuracy, accuracyInterval }) => share(accuracy, accuracyInterval)),
    row('right', ({ correct, n }) => `${grouped(correct)} of ${grouped(n)}`),
    row('errors', ({ errors }) => grouped(errors)),
    row('macro F1', ({ macroF1, macroF1Interval }) => share(macroF1, macroF1Interval)),
    ...classes,
  ];
  const left = labels.length - CLASSES;
  return [...tableLines({ head: ['', ...names], rows }, TITLE_CELLS), ...(left > 0 ? [`(${left} more labels: see the report)`] : [])];
}

/** The confusion matrices, beside each other where they fit. */
export function confusionLines(input: ReportInput, { width, paint }: Layout): readonly string[] {
  const { summary } = input;
  const labels = Object.keys(summary.labels);
  if (labels.length === 0) return [];
  const blocks = Object.entries(summary.variants).map(([name, variant]) => {
    const rows = confusionRows(variant, labels, CLASSES);
    const extras = [
      { title: 'more labels', numbers: rows.map((row) => row.hidden) },
      { title: 'other', numbers: rows.map((row) => row.other) },
      { title: 'nothing', numbers: rows.map((row) => row.none) },
    ].filter(({ numbers }) => numbers.some((n) => n > 0));
    const head = [`${name} said →`, ...rows.map((row) => visibleLine(row.label)), ...extras.map(({ title }) => title)];
    const body = rows.map((row, r) => [
      visibleLine(row.label),
      ...[...row.cells, ...extras.map(({ numbers }) => numbers[r] ?? 0)].map(grouped),
    ]);
    return tableLines({ head, rows: body }, Math.max(6, Math.min(14, Math.floor(width / head.length) - 2)));
  });
  return [paint('Confusion (rows: label)', 'bold'), ...besideEachOther(blocks, width)];
}

/** Time, calls, tokens and cost. */
export function usageLines(input: ReportInput): readonly string[] {
  const row = rowOf(input);
  const ms = (value: number | null): string => (value === null ? '–' : duration(value));
  const tokens = (value: number | null): string => (value === null ? '?' : grouped(value));
  const rows = [
    row('time each, median', ({ elapsedMs }) => ms(elapsedMs.p50)),
    row('time each, 95 %', ({ elapsedMs }) => ms(elapsedMs.p95)),
    row('calls', ({ calls }) => grouped(calls)),
    row('reused', ({ reused, reusedShare }) => (reused === 0 ? '0' : `${grouped(reused)} (${percent(reusedShare)})`)),
    row('tokens in / out', (variant) => `${tokens(variant.tokens.input)} / ${tokens(variant.tokens.output)}`),
    row('cost', ({ cost }) => (cost === null ? 'no price' : dollars(cost))),
  ];
  return tableLines({ head: ['', ...variantNames(input)], rows }, TITLE_CELLS);
}
