import { describe, expect, it } from 'vitest';
import { counted, dollars, duration, fixed, grouped, percent, points, pointsWithUnit, pValue, signedPoints } from './number-text.ts';

describe('numbers as text', () => {
  it('never writes a negative zero', () => {
    expect([fixed(-0.04, 1), fixed(-0.06, 1), fixed(0, 2)]).toEqual(['0.0', '−0.1', '0.00']);
    expect([signedPoints(0.0002), signedPoints(-0.0002), signedPoints(0.05)]).toEqual(['0.0', '0.0', '+5.0']);
  });

  it('writes points, whole ones without decimals', () => {
    expect([points(0.01), points(-0.0123), points(0.0999), points(0.3 - 0.29)]).toEqual(['1', '−1.2', '10.0', '1']);
    expect([pointsWithUnit(0.01), pointsWithUnit(-0.01), pointsWithUnit(0.015), pointsWithUnit(0)]).toEqual([
      '1 point',
      '−1 point',
      '1.5 points',
      '0 points',
    ]);
  });

  it('writes shares, counts, times and sums', () => {
    expect([percent(0.97312), percent(1), percent(0.005, 2)]).toEqual(['97.3 %', '100.0 %', '0.50 %']);
    expect([grouped(7), grouped(1234), grouped(12_345_678), grouped(-1234)]).toEqual(['7', '1,234', '12,345,678', '−1,234']);
    expect([counted(1, 'sample'), counted(0, 'sample'), counted(2000, 'entry', 'entries')]).toEqual([
      '1 sample',
      '0 samples',
      '2,000 entries',
    ]);
    expect([0, 0.25, 12.4, 999.7, 1500, 59_960, 61_000, 3_600_000].map(duration)).toEqual([
      '0 ms',
      '0.3 ms',
      '12 ms',
      '1000 ms',
      '1.5 s',
      '60.0 s',
      '1 min 1 s',
      '60 min 0 s',
    ]);
    expect([0, 0.000123, 0.25, 12.345].map(dollars)).toEqual(['$0', '$0.00012', '$0.250', '$12.35']);
    expect([1, 0.9999, 0.0526, 0.00081, 1e-9].map(pValue)).toEqual(['1', '1', '0.053', '0.0008', '< 0.0001']);
  });
});
