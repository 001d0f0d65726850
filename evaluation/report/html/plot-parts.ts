import type { Interval } from '../../../schemas/core.ts';
import { safe, type Html } from './markup.ts';

/**
 * Parts of plots as inline SVG. Places across are percentages and places down are pixels, so that a plot fills any width while
 * its letters keep their size.
 */

export type Scale = {
  /** Where a value is, in percent of the width. */
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly step: number;
};

/** Maps the values from … to onto the part of the width between two percentages, with about five round ticks. */
export function scaleFor({ from, to }: { readonly from: number; readonly to: number }, [left, right]: readonly [number, number]): Scale {
  const raw = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return {
    at: (value) => Number((left + ((value - from) / (to - from)) * (right - left)).toFixed(2)),
    ticks: Array.from({ length: count }, (_, i) => (first + i) * step),
    step,
  };
}

/** A vertical line between two heights. */
export function upright(x: number, [top, bottom]: readonly [number, number], stroke: string, width = 1): Html {
  return safe`<line x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom}" stroke="${stroke}" stroke-width="${width}"/>`;
}

/** A grid line with its number below. */
export const tick = (x: number, [top, bottom]: readonly [number, number], text: string): Html =>
  safe`${upright(x, [top, bottom], 'var(--line)')}<text x="${x}%" y="${bottom + 16}" text-anchor="middle">${text}</text>`;

/** A value with its interval: a bar with ends, and a dot. */
export function whisker(
  scale: Scale,
  { value, low, high }: Interval & { readonly value: number },
  { y, colour, size }: { readonly y: number; readonly colour: string; readonly size: number },
): Html {
  const ends = [low, high].map((limit) => upright(scale.at(limit), [y - size - 1, y + size + 1], colour, 2));
  const bar = safe`<line x1="${scale.at(low)}%" x2="${scale.at(high)}%" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="${size / 2 + 1}"/>`;
  return safe`${bar}${ends}<circle cx="${scale.at(value)}%" cy="${y}" r="${size + 1.5}" fill="${colour}"/>`;
}
