import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitCodeOfVerdict, judge, worstVerdict, type Grounds } from './verdict.ts';

const grounds = (change: Partial<Grounds>): Grounds => ({
  baseline: 'A',
  variant: 'B',
  metric: 'accuracy',
  estimate: 0.02,
  interval: { low: 0.01, high: 0.03 },
  missing: null,
  margin: 0.01,
  moreSamples: null,
  failed: [
    { variant: 'A', failed: 0, n: 500 },
    { variant: 'B', failed: 5, n: 500 },
  ],
  maxErrors: 0.01,
  ...change,
});

describe('judge', () => {
  it.each<[string, Partial<Grounds>, string, string]>([
    [
      'better',
      {},
      'PASS',
      'B is at least 1 point better than A in accuracy (measured: 2 points); the 95 % interval, 1 to 3 points, lies above −1 point.',
    ],
    [
      'not much worse',
      { estimate: 0.001, interval: { low: -0.004, high: 0.006 } },
      'PASS',
      'B is at most 0.4 points worse than A in accuracy (measured: 0.1 points); the 95 % interval, −0.4 to 0.6 points, lies above −1 point.',
    ],
    [
      'equal without spread',
      { estimate: 0, interval: { low: 0, high: 0 } },
      'PASS',
      'B is not worse than A in accuracy (measured: 0 points); the 95 % interval, 0 to 0 points, lies above −1 point.',
    ],
    [
      'worse',
      { estimate: -0.05, interval: { low: -0.08, high: -0.02 } },
      'FAIL',
      'B is at least 2 points worse than A in accuracy (measured: −5 points); the 95 % interval, −8 to −2 points, lies below −1 point.',
    ],
    [
      'open',
      { estimate: 0.005, interval: { low: -0.02, high: 0.03 }, moreSamples: 1234 },
      'UNDECIDED',
      'The 95 % interval of B − A in accuracy, −2 to 3 points, contains −1 point; about 1,300 more samples would decide it if 0.5 points is the true difference.',
    ],
    [
      'at the margin',
      { estimate: -0.01, interval: { low: -0.02, high: 0 } },
      'UNDECIDED',
      'The 95 % interval of B − A in accuracy, −2 to 0 points, contains −1 point; the difference lies so near to it that more samples are not likely to decide.',
    ],
    [
      'exactly touching',
      { estimate: 0, interval: { low: -0.01, high: 0.01 }, moreSamples: 1 },
      'UNDECIDED',
      'The 95 % interval of B − A in accuracy, −1 to 1 point, contains −1 point; about 1 more sample would decide it if 0 points is the true difference.',
    ],
    [
      'too many errors',
      { maxErrors: 0.009 },
      'UNDECIDED',
      'B ended with an error on 5 of 500 results (1.0 %), more than the 0.9 % that --max-errors allows: too many to judge by.',
    ],
    [
      'nothing to judge by',
      { interval: null, missing: 'all samples are of one cluster' },
      'UNDECIDED',
      'There is no interval to judge by: all samples are of one cluster.',
    ],
  ])('%s', (_, change, verdict, sentence) => {
    expect(judge(grounds(change))).toEqual({ verdict, sentence });
  });

  it('shows as many decimals as it takes to tell a limit from the margin', () => {
    const near = judge(grounds({ estimate: 0.01, interval: { low: -0.009996, high: 0.03 } }));
    expect(near.verdict).toBe('PASS');
    expect(near.sentence).toContain('−0.9996 to 3');
  });

  it('never contradicts its interval', () => {
    const share = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.double({ min: 0, max: 0.2, noNaN: true }), (x, y, margin) => {
        const interval = { low: Math.min(x, y), high: Math.max(x, y) };
        const { verdict } = judge(grounds({ interval, estimate: (x + y) / 2, margin }));
        expect(verdict === 'PASS').toBe(interval.low > -margin);
        expect(verdict === 'FAIL').toBe(interval.high < -margin);
      }),
    );
  });
});

describe('worstVerdict', () => {
  it('puts FAIL before UNDECIDED before PASS', () => {
    expect(worstVerdict(['PASS', 'UNDECIDED', 'FAIL'])).toBe('FAIL');
    expect(worstVerdict(['PASS', 'UNDECIDED'])).toBe('UNDECIDED');
    expect(worstVerdict(['PASS', 'PASS'])).toBe('PASS');
    expect(worstVerdict([])).toBe('UNDECIDED');
  });

  it('has the exit codes of the commands', () => {
    expect((['PASS', 'FAIL', 'UNDECIDED'] as const).map(exitCodeOfVerdict)).toEqual([0, 3, 4]);
  });
});
