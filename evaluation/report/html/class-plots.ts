import { foreign, safe, section, type Html } from './markup.ts';
import { sharePlot } from './share-plot.ts';
import { scoresOf, type NamedVariant } from './tables.ts';

/** Plots are for a glance; the table has all classes. */
const CLASSES = 12;
const KINDS = ['precision', 'recall', 'f1'] as const;

/** Precision, recall and F1 of each class with intervals, variants below each other. Null when there is nothing to plot. */
export function classPlots(variants: readonly NamedVariant[], labels: readonly string[]): Html | null {
  const shown = labels.slice(0, CLASSES);
  const lows = variants.flatMap(({ summary }) =>
    shown.flatMap((label) => {
      const scores = scoresOf(summary, label);
      return KINDS.flatMap((kind) => scores[`${kind}Interval`]?.low ?? scores[kind] ?? []);
    }),
  );
  if (lows.length === 0) return null;
  const from = Math.min(0.9, Math.floor(Math.min(...lows) * 10) / 10);
  const plots = shown.map(
    (label) =>
      safe`<div>
        <h3>${foreign(label)}</h3>
        <figure>${sharePlot(`Scores of ${label} in percent`, rowsOf(variants, label), from)}</figure>
      </div>`,
  );
  const marks = variants.map(({ name, colour }) => safe`<span class="mark" style="--v:${colour}"></span>${name}&ensp;`);
  const left = labels.length - shown.length;
  return section(
    'classes',
    'Classes',
    safe`<p class="soft">${marks} percent, 95 % intervals, axis from ${Math.round(from * 100)}</p>`,
    safe`<div class="matrices">${plots}</div>`,
    left > 0 ? safe`<p class="soft">${left} more are in the table above.</p>` : null,
  );
}

const rowsOf = (variants: readonly NamedVariant[], label: string) =>
  KINDS.map((kind) => ({
    title: kind === 'f1' ? 'F1' : kind,
    points: variants.map(({ name, colour, summary }) => {
      const scores = scoresOf(summary, label);
      return { name, colour, value: scores[kind], interval: scores[`${kind}Interval`] };
    }),
  }));
