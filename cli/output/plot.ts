import { shorten, widthOf } from './visible-text.ts';

export type PlotLine = { readonly label: string; readonly values: readonly number[] };
export type PlotForm = {
  /** Whether blocks can be drawn; else ASCII. */
  readonly blocks: boolean;
  /** No line is wider. */
  readonly columns: number;
};

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN = ['.', ':', '-', '=', '+', '*', '#', '@'];
const LONGEST_LABEL = 24;

/**
 * Lines of bars, one below the other, each scaled to its own highest value, which stands behind it. Below them the marked parts have an arrow.
 * Where the window is too narrow the latest parts are shown.
 */
export function renderPlot(lines: readonly PlotLine[], marked: readonly boolean[], { blocks, columns }: PlotForm): string {
  const labels = lines.map(({ label }) => shorten(label, LONGEST_LABEL));
  const labelWidth = Math.max(0, ...labels.map(widthOf));
  const peaks = lines.map(({ values }) => Math.max(0, ...values));
  const peakWidth = Math.max(1, ...peaks.map((peak) => String(peak).length));
  const room = Math.max(8, columns - labelWidth - peakWidth - 9);
  const rows = lines.map(({ values }, i) => {
    const label = labels[i] ?? '';
    const bars = values.slice(-room).map((value) => barOf(value, peaks[i] ?? 0, blocks ? BLOCKS : PLAIN));
    return `${label}${' '.repeat(labelWidth - widthOf(label))}  ${bars.join('')}  peak ${peaks[i] ?? 0}`;
  });
  const marks = marked.slice(-room);
  if (!marks.includes(true)) return rows.join('\n');
  const arrows = marks.map((is) => (is ? (blocks ? '▲' : '^') : ' ')).join('');
  return [...rows, `${' '.repeat(labelWidth)}  ${arrows.trimEnd()}`].join('\n');
}

function barOf(value: number, peak: number, levels: readonly string[]): string {
  if (value <= 0 || peak <= 0) return ' ';
  return levels[Math.min(levels.length - 1, Math.floor((value / peak) * levels.length))] ?? ' ';
}
