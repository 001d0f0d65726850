import type { EvaluationDifference, Interval } from '../../../schemas/core.ts';
import { fixed, percent, points, signedPoints } from '../../summary/number-text.ts';
import { html, type Html } from './markup.ts';

/**
 * Plots as inline SVG. Places across are percentages and places down are pixels, so that a plot fills any width while its
 * letters keep their size.
 */

type Scale = { readonly from: number; readonly to: number; readonly ticks: readonly number[]; readonly at: (value: number) => string };

/** Maps from … to onto the part of the width between two percentages, with four to eight round ticks. */
function scaleFor(from: number, to: number, [left, right]: readonly [number, number]): Scale {
  const at = (value: number): string => `${(left + ((value - from) / (to - from)) * (right - left)).toFixed(2)}%`;
  const raw = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return { from, to, at, ticks: Array.from({ length: count }, (_, i) => (first + i) * step) };
}

const ROW = 46;

/** The differences to the baseline with their intervals, the margin and 0. Rows without an interval are left out. */
export function differencePlot(differences: readonly EvaluationDifference[], colourOf: (variant: string) => string): Html | null {
  const shown = differences.flatMap((difference) =>
    difference.estimate === null || difference.low === null || difference.high === null
      ? []
      : [{ name: difference.variant, estimate: difference.estimate, low: difference.low, high: difference.high }],
  );
  const [first] = differences;
  if (first === undefined || shown.length === 0) return null;
  const values = [...shown.flatMap(({ low, high }) => [low, high]), -first.margin, 0];
  const room = (Math.max(...values) - Math.min(...values)) * 0.12 || 0.01;
  const scale = scaleFor(Math.min(...values) - room, Math.max(...values) + room, [2, 98]);
  const bottom = 26 + shown.length * ROW;
  const margin = scale.at(-first.margin);
  const said = shown
    .map(
      ({ name, estimate, low, high }) =>
        `${name} minus ${first.baseline}: ${points(estimate)} points, 95 % interval ${points(low)} to ${points(high)}`,
    )
    .join('; ');
  return html`<figure>
    <svg
      height="${bottom + 26}"
      role="img"
      aria-label="Difference in percentage points. ${said}. The margin is at ${points(-first.margin)}."
    >
      <rect x="0" y="22" width="${margin}" height="${bottom - 22}" fill="var(--fail-soft)" />
      <rect x="${margin}" y="22" width="${(100 - Number.parseFloat(margin)).toFixed(2)}%" height="${bottom - 22}" fill="var(--pass-soft)" />
      ${scale.ticks.map((tick) => axisTick(scale, tick, { top: 22, bottom, text: signedPoints(tick, decimalsOf(scale)) }))}
      <line x1="${margin}" x2="${margin}" y1="16" y2="${bottom}" stroke="var(--fail)" stroke-width="2" stroke-dasharray="5 4" />
      <text
        x="${margin}"
        y="11"
        text-anchor="${Number.parseFloat(margin) < 25 ? 'start' : Number.parseFloat(margin) > 75 ? 'end' : 'middle'}"
      >
        margin ${points(-first.margin)}
      </text>
      <line x1="${scale.at(0)}" x2="${scale.at(0)}" y1="22" y2="${bottom}" stroke="var(--soft)" />
      ${shown.map((row, index) => {
        const y = 22 + index * ROW + 28;
        return html`${interval(scale, row, { y, value: row.estimate, colour: colourOf(row.name), weight: 4 })}<text
            class="name"
            x="${scale.at(row.estimate)}"
            y="${y - 12}"
            text-anchor="middle"
            >${row.name} ${signedPoints(row.estimate)}</text
          >`;
      })}
    </svg>
    <figcaption>
      Percentage points, 95 % intervals. An interval wholly right of the dashed margin passes, wholly left of it fails.
    </figcaption>
  </figure>`;
}

const decimalsOf = (scale: Scale): number =>
  (scale.ticks[1] ?? 1) - (scale.ticks[0] ?? 0) < 0.0099 ? ((scale.ticks[1] ?? 1) - (scale.ticks[0] ?? 0) < 0.00099 ? 2 : 1) : 0;

const axisTick = (
  scale: Scale,
  value: number,
  { top, bottom, text }: { readonly top: number; readonly bottom: number; readonly text: string },
): Html =>
  html`<line x1="${scale.at(value)}" x2="${scale.at(value)}" y1="${top}" y2="${bottom}" stroke="var(--line)" /><text
      x="${scale.at(value)}"
      y="${bottom + 16}"
      text-anchor="middle"
      >${text}</text
    >`;

function interval(
  scale: Scale,
  { low, high }: Interval,
  { y, value, colour, weight }: { readonly y: number; readonly value: number; readonly colour: string; readonly weight: number },
): Html {
  const end = (x: number): Html =>
    html`<line
      x1="${scale.at(x)}"
      x2="${scale.at(x)}"
      y1="${y - weight - 1}"
      y2="${y + weight + 1}"
      stroke="${colour}"
      stroke-width="2"
    />`;
  return html`<line
      x1="${scale.at(low)}"
      x2="${scale.at(high)}"
      y1="${y}"
      y2="${y}"
      stroke="${colour}"
      stroke-width="${weight / 2 + 1}"
    />${end(low)}${end(high)}<circle cx="${scale.at(value)}" cy="${y}" r="${weight + 1.5}" fill="${colour}" />`;
}

export type SharePoint = {
  readonly name: string;
  readonly colour: string;
  readonly value: number | null;
  readonly interval: Interval | null;
};
export type ShareRow = { readonly title: string; readonly points: readonly SharePoint[] };

/** Shares with their intervals, one row each with one line per variant, from `from` to 1. */
export function sharePlot(label: string, rows: readonly ShareRow[], from: number): Html {
  const scale = scaleFor(from, 1, [25, 96]);
  const line = 15;
  const heights = rows.map((row) => row.points.length * line + 12);
  const bottom = 4 + heights.reduce((sum, height) => sum + height, 0);
  const said = rows.flatMap(({ title, points: all }) =>
    all.map(
      ({ name, value, interval: ci }) =>
        `${title} ${name}: ${value === null ? 'undefined' : percent(value)}${ci === null ? '' : `, ${percent(ci.low)} to ${percent(ci.high)}`}`,
    ),
  );
  let top = 4;
  const drawn = rows.map((row, index) => {
    const start = top;
    top += heights[index] ?? 0;
    return html`<text class="name" x="0" y="${start + (heights[index] ?? 0) / 2 + 4}">${row.title}</text>${row.points.map((point, p) =>
        point.value === null
          ? html`<text x="25%" y="${start + 6 + p * line + 12}">undefined</text>`
          : interval(scale, point.interval ?? { low: point.value, high: point.value }, {
              y: start + 6 + p * line + 7,
              value: point.value,
              colour: point.colour,
              weight: 2.5,
            }),
      )}`;
  });
  return html`<svg height="${bottom + 24}" role="img" aria-label="${label}. ${said.join('; ')}.">
    ${scale.ticks.map((tick) => axisTick(scale, tick, { top: 2, bottom, text: fixed(tick * 100, 0) }))}${drawn}
  </svg>`;
}
