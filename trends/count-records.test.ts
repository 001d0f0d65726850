import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrendEvent, TrendPane } from '../schemas/core.ts';
import type { TrendRecord } from './count-records.ts';
import { minuteOf, timeOf } from './panes.ts';
import { addReporter, encodeSketch, hashReporter, NO_REPORTERS } from './reporter-sketch.ts';
import { inOrder, minute, type Planned, play, recordsOf, rule } from './streams.contract.ts';

const rules = [
  rule({ name: 'category', windowMinutes: 5, baselineWindows: 3, floor: 3, ratio: 1.5, coolDownMinutes: 5 }),
  rule({
    name: 'subject',
    by: 'subject',
    windowMinutes: 10,
    baselineWindows: 4,
    floor: 2,
    poissonP: 0.05,
    minReporters: 2,
    coolDownMinutes: 0,
  }),
  rule({ name: 'pair', by: 'subject-category', windowMinutes: 90, baselineWindows: 3, floor: 3, robustZ: 1.5 }),
  rule({ name: 'all', by: 'all', windowMinutes: 5, baselineWindows: 6, floor: 5, ratio: 2 }),
];

const facet = (...values: readonly string[]) => fc.constantFrom(null, ...values);
const planned = fc.record({
  gap: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0, 0.02, 0.1, 0.9) },
    { weight: 1, arbitrary: fc.constantFrom(4, 4, 7, 7, 90, 3000) },
  ),
  delay: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.constantFrom(1, 4, 20) },
    { weight: 1, arbitrary: fc.constantFrom(-60, 300, 9000) },
  ),
  partition: fc.nat({ max: 2 }),
  category: facet('scam', 'spam'),
  subject: facet('a', 'b', 'c'),
  reporter: facet('x', 'y', 'z'),
});
const stream = fc.array(planned, { minLength: 100, maxLength: 250, size: 'max' }).map((steps): readonly TrendRecord[] => {
  let now = 0;
  return recordsOf(
    steps.map(({ gap, delay, ...rest }): Planned => {
      now += gap;
      return { ...rest, at: now - delay, received: now };
    }),
  );
});

/** Panes counted in the plainest way. */
function plainPanes(records: readonly TrendRecord[]): ReadonlyMap<string, TrendPane> {
  const panes = new Map<string, TrendPane>();
  const reporters = new Map<string, Set<string>>();
  for (const record of records) {
    const { subject, category } = record;
    const key = JSON.stringify([minuteOf(timeOf(record)), subject, category]);
    const names = (reporters.get(key) ?? new Set<string>()).add(record.reporter ?? '');
    reporters.set(key, names);
    const sketch = Array.from(names)
      .filter((name) => name !== '')
      .map(hashReporter)
      .reduce(addReporter, NO_REPORTERS);
    panes.set(key, {
      minute: minuteOf(timeOf(record)),
      subject,
      category,
      count: (panes.get(key)?.count ?? 0) + 1,
      reporters: encodeSketch(sketch),
    });
  }
  return panes;
}

/** Cut into pages; some pages come again, wholly or with what follows them. */
const cut = (records: readonly TrendRecord[], cuts: readonly number[]): readonly (readonly TrendRecord[])[] => {
  const places = Array.from(new Set([0, ...cuts.map((one) => one % (records.length + 1)), records.length])).sort((a, b) => a - b);
  return places.flatMap((place, i) => {
    const page = records.slice(place, places[i + 1] ?? records.length);
    return i % 3 === 1 ? [page, page, records.slice(Math.max(0, place - 5), place + page.length)] : [page];
  });
};

describe('counting records', () => {
  it('gives the same panes, state and facts however the records are cut into pages, come again, or are read anew', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (records, cuts) => {
        const whole = play([records], rules);
        expect(whole.panes).toEqual(plainPanes(records));
        for (const forgetful of [false, true]) {
          const parts = play(cut(records, cuts), rules, { forgetful });
          expect(parts.panes).toEqual(whole.panes);
          expect(parts.events).toEqual(whole.events);
          expect(parts.trends.state).toEqual(whole.trends.state);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('raises no alert twice, and clears each that it raised at most once', () => {
    const seen = { raised: 0, corrected: 0 };
    fc.assert(
      fc.property(stream, (records) => {
        const { events } = play([records], rules);
        const ids = (type: TrendEvent['type']) =>
          events.flatMap((event) => (event.type === type && 'alertId' in event.data ? [event.data.alertId] : []));
        const raised = ids('AlertRaised');
        seen.raised += raised.length;
        seen.corrected += ids('WindowCorrected').length;
        expect(new Set(raised).size).toBe(raised.length);
        const cleared = ids('AlertCleared');
        expect(new Set(cleared).size).toBe(cleared.length);
        expect(cleared.filter((id) => !raised.includes(id))).toEqual([]);
      }),
      { numRuns: 60 },
    );
    // The streams are such that there is something to see.
    expect(seen.raised).toBeGreaterThan(50);
    expect(seen.corrected).toBeGreaterThan(50);
  });
});

describe('late records', () => {
  const one = [rule({ name: 'r', windowMinutes: 5, baselineWindows: 4, floor: 10, ratio: 3 })];
  const ticks = Array.from({ length: 200 }, (_, at) => ({ at: at + 0.1, category: 'tick' }));
  const burst = (at: number, count: number) => Array.from({ length: count }, (_, i) => ({ at: at + (i + 0.5) / count }));
  const late = (at: number, received: number, count: number) => burst(at, count).map((each) => ({ ...each, received }));

  it('correct the window of an alert and raise no second one', () => {
    const { events } = play([recordsOf(inOrder(ticks, burst(100, 20), late(100, 120, 7)))], one);
    expect(events.map(({ type }) => type)).toEqual(['AlertRaised', 'AlertCleared', 'WindowCorrected']);
    const [raised, , corrected] = events;
    if (raised?.type !== 'AlertRaised') throw new Error('no alert');
    expect(corrected?.data).toMatchObject({
      alertId: raised.data.alertId,
      windowStart: raised.data.windowStart,
      countBefore: 20,
      evidence: { count: 27 },
      isSpike: true,
      late: 7,
    });
  });

  it('tell of a window that would have been a spike, without an alert', () => {
    const { events } = play([recordsOf(inOrder(ticks, burst(100, 4), late(100, 130, 9)))], one);
    expect(events.map(({ type }) => type)).toEqual(['WindowCorrected']);
    expect(events[0]?.data).toMatchObject({ alertId: null, countBefore: 4, evidence: { count: 13 }, isSpike: true, late: 9 });
  });

  it('change nothing that was worth a word when there are few of them', () => {
    expect(play([recordsOf(inOrder(ticks, late(100, 130, 9)))], one).events).toEqual([]);
  });

  it('that are very late are counted, and that is all', () => {
    const { events, panes, trends } = play([recordsOf(inOrder(ticks, late(10, 190, 50)))], one);
    expect(events).toEqual([]);
    expect(panes.get(JSON.stringify([minuteOf(minute(10)), null, 'scam']))?.count).toBe(50);
    expect(trends.state.late).toBe(50);
  });

  it('are told of in parts when there are very many', () => {
    const many = Array.from({ length: 2500 }, (_, i) => ({ at: 100 + (i % 4), received: 150, subject: `s-${i}` }));
    const { events, trends } = play([recordsOf(inOrder(ticks.slice(0, 151), many))], one);
    expect(events.map(({ data }) => ('late' in data ? data.late : 0))).toEqual([1000, 1000, 500]);
    expect(trends.state.waiting).toEqual([]);
  });
});
