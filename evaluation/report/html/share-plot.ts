import type { Interval } from '../../../schemas/core.ts';
import { fixed, percent } from '../../summary/number-text.ts';
import { safe, type Html } from './markup.ts';
import { scaleFor, tick, whisker, type Scale } from './plot-parts.ts';

export type SharePoint = {
  readonly name: string;
  readonly colour: string;
  readonly value: number | null;
  readonly interval: Interval | null;
};
export type ShareRow = { readonly title: string; readonly points: readonly SharePoint[] };

/** Height of a point's line, and of the space around a row. */
const LINE = 15;
const SPACE = 12;

/** Shares with their intervals from `from` to 1: a row for each title, in it a line for each point. */
export function sharePlot(label: string, rows: readonly ShareRow[], from: number): Html {
  const scale = scaleFor({ from, to: 1 }, [25, 96]);
  let bottom = 4;
  const drawn = rows.map((row) => {
    const top = bottom;
    bottom += row.points.length * LINE + SPACE;
    return rowOf(scale, row, top);
  });
  return safe`<svg height="${bottom + 24}" role="img" aria-label="${label}. ${rows.map(spoken).join('; ')}.">
    ${scale.ticks.map((value) => tick(scale.at(value), [2, bottom], fixed(value * 100, scale.step < 0.0099 ? 1 : 0)))}${drawn}
  </svg>`;
}

function rowOf(scale: Scale, { title, points }: ShareRow, top: number): Html {
  const middle = top + (points.length * LINE + SPACE) / 2 + 4;
  const marks = points.map(({ value, interval, colour }, index) => {
    const y = top + SPACE / 2 + index * LINE + 7;
    if (value === null) return safe`<text x="25%" y="${y + 5}">undefined</text>`;
    return whisker(scale, { value, ...(interval ?? { low: value, high: value }) }, { y, colour, size: 2.5 });
  });
  return safe`<text class="name" x="0" y="${middle}">${title}</text>${marks}`;
}

const spoken = ({ title, points }: ShareRow): string =>
  points
    .map(({ name, value, interval }) => {
      const share = value === null ? 'undefined' : percent(value);
      return `${title} ${name} ${share}${interval === null ? '' : `, ${percent(interval.low)} to ${percent(interval.high)}`}`;
    })
    .join('; ');
