import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

const never = new AbortController().signal;

/** A clock that goes on only when somebody waits or the test says so. */
function setUp(callsPerSecond: number) {
  let now = 0;
  const waits: number[] = [];
  const pace = createPace(callsPerSecond, {
    now: () => now,
    wait: (ms, signal) => {
      waits.push(ms);
      return signal.aborted ? Promise.reject(new Error('aborted')) : Promise.resolve();
    },
  });
  return { pace, waits, goOn: (ms: number) => (now += ms) };
}

describe('the pace of calls', () => {
  it('lets the first through at once and spaces those that ask together', async () => {
    const { pace, waits } = setUp(4);
    for (let i = 0; i < 4; i++) await pace.turn(never);
    expect(waits).toEqual([250, 500, 750]);
  });

  it('does not make up for a pause', async () => {
    const { pace, waits, goOn } = setUp(2);
    await pace.turn(never);
    goOn(10_000);
    for (let i = 0; i < 3; i++) await pace.turn(never);
    expect(waits).toEqual([500, 1_000]);
  });

  it('never starts two calls closer than it should, whenever they ask', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3_000), { minLength: 2, maxLength: 30 }), fc.integer({ min: 1, max: 50 }), async (gaps, rate) => {
        const { pace, waits, goOn } = setUp(rate);
        const starts: number[] = [];
        let at = 0;
        for (const gap of gaps) {
          goOn(gap);
          at += gap;
          const before = waits.length;
          await pace.turn(never);
          starts.push(at + (waits.length > before ? (waits.at(-1) ?? 0) : 0));
        }
        for (const [i, start] of starts.slice(1).entries()) expect(start - (starts[i] ?? 0)).toBeGreaterThanOrEqual(1000 / rate - 1e-6);
      }),
    );
  });

  it('ends with whoever gives up', async () => {
    const { pace, waits } = setUp(1);
    await expect(pace.turn(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(waits).toEqual([]);
    await pace.turn(never);
  });

  it.each([0, -1, Number.NaN])('refuses %d calls a second', (rate) => {
    expect(() => createPace(rate, { now: () => 0, wait: () => Promise.resolve() })).toThrow(RangeError);
  });
});
