import type { EvaluationDifference } from '../../../schemas/core.ts';
import { points, signedPoints } from '../../summary/number-text.ts';
import { safe, type Html } from './markup.ts';
import { scaleFor, tick, upright, whisker, type Scale } from './plot-parts.ts';

const TOP = 22;
const ROW = 46;

type Bar = { readonly name: string; readonly value: number; readonly low: number; readonly high: number };

/**
 * The differences to the baseline with their intervals, the margin and 0; the side that passes is shaded. Null when none has an
 * interval.
 */
export function differencePlot(differences: readonly EvaluationDifference[], colourOf: (variant: string) => string): Html | null {
  const bars = differences.flatMap(({ variant, estimate, low, high }): Bar[] =>
    estimate === null || low === null || high === null ? [] : [{ name: variant, value: estimate, low, high }],
  );
  const [first] = differences;
  if (first === undefined || bars.length === 0) return null;
  const margin = -first.margin;
  const scale = scaleAround([margin, 0, ...bars.flatMap(({ low, high }) => [low, high])]);
  const bottom = TOP + 4 + bars.length * ROW;
  const x = scale.at(margin);
  const decimals = scale.step < 0.00099 ? 2 : scale.step < 0.0099 ? 1 : 0;
  const drawn = bars.map((bar, index) => {
    const y = TOP + index * ROW + 28;
    const name = safe`<text class="name halo" x="${scale.at(bar.value)}%" y="${y - 12}" text-anchor="middle">${bar.name} ${signedPoints(bar.value)}</text>`;
    return safe`${whisker(scale, bar, { y, colour: colourOf(bar.name), size: 4 })}${name}`;
  });
  const said = bars.map(
    (bar) => `${bar.name} minus ${first.baseline}: ${points(bar.value)}, interval ${points(bar.low)} to ${points(bar.high)}`,
  );
  return safe`<figure>
    <svg height="${bottom + 26}" role="img" aria-label="Differences in percentage points. ${said.join('; ')}. Margin ${points(margin)}.">
      <rect x="0" y="${TOP}" width="${x}%" height="${bottom - TOP}" fill="var(--fail-soft)"/>
      <rect x="${x}%" y="${TOP}" width="${(100 - x).toFixed(2)}%" height="${bottom - TOP}" fill="var(--pass-soft)"/>
      ${scale.ticks.map((value) => tick(scale.at(value), [TOP, bottom], signedPoints(value, decimals)))}
      <line x1="${x}%" x2="${x}%" y1="${TOP - 6}" y2="${bottom}" stroke="var(--fail)" stroke-width="2" stroke-dasharray="5 4"/>
      <text x="${x}%" y="11" text-anchor="${x < 25 ? 'start' : x > 75 ? 'end' : 'middle'}">margin ${points(margin)}</text>
      ${upright(scale.at(0), [TOP, bottom], 'var(--soft)')}${drawn}
    </svg>
    <figcaption>Percentage points, 95 % intervals. An interval wholly right of the dashed margin passes, wholly left of it fails.</figcaption>
  </figure>`;
}

/** Some room on both sides. */
function scaleAround(values: readonly number[]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.12 || 0.01;
  return scaleFor({ from: least - room, to: most + room }, [2, 98]);
}
