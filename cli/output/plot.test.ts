import { expect, it } from 'vitest';
import { renderPlot } from './plot.ts';

const lines = [
  { label: 'scam', values: [0, 1, 4, 8] },
  { label: '数据', values: [0, 0, 0, 0] },
];

it('draws blocks, each line to its own scale, with arrows below', () => {
  expect(renderPlot(lines, [false, false, true, false], { blocks: true, columns: 80 })).toBe(
    ['scam   ▂▅█  peak 8', '数据        peak 0', '        ▲'].join('\n'),
  );
});

it('draws plain characters where there are no blocks, and no line of arrows without one', () => {
  expect(renderPlot(lines.slice(0, 1), [false, false, false, false], { blocks: false, columns: 80 })).toBe('scam   :+@  peak 8');
});

it('shows the latest parts within a narrow window', () => {
  const values = Array.from({ length: 40 }, (_, i) => i + 1);
  const text = renderPlot(
    [{ label: 'a', values }],
    values.map((value) => value === 40),
    { blocks: false, columns: 32 },
  );
  const [bars = '', arrows = ''] = text.split('\n');
  expect(bars.length).toBeLessThanOrEqual(32);
  expect(bars).toContain('@  peak 40');
  expect(arrows.length).toBe(bars.indexOf('  peak'));
});
