import { describe, expect, it } from 'vitest';
import type { TrendEvent } from '../schemas/core.ts';
import { inOrder, minute, play, recordsOf, rule, steady } from './streams.contract.ts';

const typesOf = (events: readonly TrendEvent[]): readonly string[] => events.map(({ type }) => type);
const spikeRules = [rule({ name: 'spike', ratio: 2.5, robustZ: 5, minReporters: 10 })];
/** Eight hours of scam reports, five a minute, and other categories. */
const background = inOrder(
  steady(0, 480, { perMinute: 5, seed: 1 }),
  steady(0, 480, { perMinute: 1, seed: 2, category: 'spam' }),
  steady(0, 480, { perMinute: 0.05, seed: 3, category: 'other' }),
);

describe('a planted spike', () => {
  const spike = steady(300, 320, { perMinute: 40, seed: 4, subject: 'acct-9' });
  const { events, trends } = play([recordsOf(inOrder(background, spike))], spikeRules);

  it('raises exactly one alert, which is cleared once', () => {
    expect(typesOf(events)).toEqual(['AlertRaised', 'AlertCleared']);
    const [raised, cleared] = events;
    expect(raised?.data).toMatchObject({ rule: 'spike', by: 'category', category: 'scam', subject: null });
    expect(cleared?.data).toMatchObject({ alertId: raised?.type === 'AlertRaised' ? raised.data.alertId : '', reason: 'fell' });
    expect(trends.state.groups.every(({ alert }) => alert === null)).toBe(true);
  });

  it('is seen within minutes and over once the window has left it', () => {
    const [raised, cleared] = events;
    expect(raised?.data.windowEnd).toBeGreaterThan(minute(300));
    expect(raised?.data.windowEnd).toBeLessThanOrEqual(minute(305));
    expect(cleared?.data.windowEnd).toBeGreaterThan(minute(320));
    expect(cleared?.data.windowEnd).toBeLessThanOrEqual(minute(336));
  });

  it('tells why: the evidence passes every threshold, and the subject is named', () => {
    const [raised] = events;
    if (raised?.type !== 'AlertRaised') throw new Error('no alert');
    const { evidence, topSubjects, needed } = raised.data;
    expect(evidence.ratio).toBeGreaterThanOrEqual(2.5);
    expect(evidence.z).toBeGreaterThanOrEqual(5);
    expect(evidence.p).toBeLessThan(1e-9);
    expect(evidence.baseline).toBeGreaterThan(60);
    expect(evidence.baseline).toBeLessThan(90);
    expect(evidence.windows).toBe(12);
    expect(evidence.reporters).toBeGreaterThan(100);
    expect(needed).toBeLessThanOrEqual(evidence.count);
    expect(topSubjects[0]?.subject).toBe('acct-9');
  });

  it('is seen although some clocks are ahead, and nothing is late by that', () => {
    const ahead = Array.from({ length: 480 }, (_, i) => ({ at: i + 4.5, received: i, category: 'ahead' }));
    const skewed = play([recordsOf(inOrder(background, spike, ahead))], spikeRules);
    expect(skewed.events).toMatchObject(events.map(({ type, data: { windowEnd } }) => ({ type, data: { windowEnd } })));
    expect(skewed.trends.state.late).toBe(0);
  });

  it('is seen when nobody read for half an hour, and each partition is then read to its end before the next', () => {
    const all = inOrder(background, spike).map((each, i) => ({ ...each, partition: i % 4 }));
    const outage = all.filter(({ at }) => at >= 290 && at < 320);
    const read = [0, 1, 2, 3].flatMap((p) => outage.filter(({ partition }) => partition === p));
    const caughtUp = read.map((each, i) => ({ ...each, received: 320 + i / 1e4 }));
    const after = all.filter(({ at }) => at < 290 || at >= 320);
    const late = play([recordsOf(inOrder(after, caughtUp))], spikeRules);
    expect(late.events).toMatchObject(events.map(({ type, data: { windowEnd } }) => ({ type, data: { windowEnd } })));
  });

  it('is nothing without the spike', () => expect(typesOf(play([recordsOf(background)], spikeRules).events)).toEqual([]));
});

describe('brigading', () => {
  // As many as the spike above, but sent by five people.
  const brigade = steady(300, 320, { perMinute: 40, seed: 4, subject: 'acct-9' }).map((one, i) => ({ ...one, reporter: `b-${i % 5}` }));
  // Quiet before, so that almost all reporters in a window are theirs.
  const quiet = steady(0, 480, { perMinute: 0.2, seed: 7 });

  it('raises nothing when distinct reporters are asked for', () => {
    const records = recordsOf(inOrder(quiet, brigade));
    expect(typesOf(play([records], [rule({ name: 'people', ratio: 2.5, minReporters: 20 })]).events)).toEqual([]);
    expect(typesOf(play([records], [rule({ name: 'records', ratio: 2.5 })]).events)).toContain('AlertRaised');
  });

  it('of records without reporters raises nothing either', () => {
    const nameless = recordsOf(inOrder(quiet, brigade).map((one) => ({ ...one, reporter: null })));
    expect(typesOf(play([nameless], [rule({ name: 'people', ratio: 2.5, minReporters: 1 })]).events)).toEqual([]);
  });
});

describe('small counts', () => {
  const poisson = [rule({ name: 'rare', floor: 4, poissonP: 1e-4 })];
  const rare = steady(0, 480, { perMinute: 0.02, seed: 11 });

  it('are judged by the Poisson tail: a few at once among almost none', () => {
    const seven = [300, 300, 301, 302, 303, 304, 304].map((at) => ({ at }));
    expect(typesOf(play([recordsOf(inOrder(rare, seven))], poisson).events)).toEqual(['AlertRaised', 'AlertCleared']);
  });

  it('below the floor, or as many as chance brings, raise nothing', () => {
    expect(
      typesOf(
        play(
          [
            recordsOf(
              inOrder(
                rare,
                [300, 301, 302].map((at) => ({ at })),
              ),
            ),
          ],
          poisson,
        ).events,
      ),
    ).toEqual([]);
    const usual = steady(0, 480, { perMinute: 0.4, seed: 13 });
    const seven = [300, 300, 301, 302, 303, 304, 304].map((at) => ({ at }));
    expect(typesOf(play([recordsOf(inOrder(usual, seven))], poisson).events)).toEqual([]);
  });

  it('of a group that was never seen before can be a spike, but not while the source is new', () => {
    const others = steady(0, 480, { perMinute: 1, seed: 17, category: 'spam' });
    const burst = (at: number) => Array.from({ length: 8 }, (_, i) => ({ at: at + i / 2, category: 'new' }));
    const strict = [rule({ name: 'rare', floor: 4, poissonP: 1e-7 })];
    expect(typesOf(play([recordsOf(inOrder(others, burst(300)))], strict).events)).toEqual(['AlertRaised', 'AlertCleared']);
    expect(typesOf(play([recordsOf(inOrder(others, burst(10)))], strict).events)).toEqual([]);
  });
});

describe('a source that begins again', () => {
  const busy = (from: number) => steady(from, from + 120, { perMinute: 5, seed: 21 });

  it.each([
    { what: 'after days without a record', before: busy(0), from: 4000 },
    { what: 'after a first record whose clock was wrong', before: [{ at: -1_000_000, received: 0 }], from: 1 },
  ])('$what is new: the silence is not what is usual', ({ before, from }) => {
    const { events, trends } = play([recordsOf(inOrder(before, busy(from)))], [...spikeRules, rule({ name: 'p', poissonP: 1e-6 })]);
    expect(events).toEqual([]);
    expect(trends.state.resumed).toBe(Math.floor(minute(from) / 60_000));
  });

  it('has a baseline again after three windows, and that of before for what was before', () => {
    const spike = steady(4090, 4100, { perMinute: 40, seed: 4 });
    const { events } = play(
      [recordsOf(inOrder(busy(0), busy(4000), spike))],
      spikeRules.map((one) => ({ ...one, minReporters: 1 })),
    );
    expect(typesOf(events)).toContain('AlertRaised');
    expect(events[0]?.data).toMatchObject({ evidence: { windows: expect.toSatisfy((n: number) => n >= 3 && n < 12) as number } });
  });
});

describe('the life of an alert', () => {
  const burst = (at: number, count: number) => Array.from({ length: count }, (_, i) => ({ at: at + (i + 0.5) / count }));
  const ticks = Array.from({ length: 600 }, (_, at) => ({ at: at + 0.1, category: 'tick' }));
  const simple = (more: object = {}) => [
    rule({ name: 'r', windowMinutes: 5, baselineWindows: 4, floor: 10, ratio: 3, coolDownMinutes: 30, ...more }),
  ];
  const raisedAt = (events: readonly TrendEvent[]) =>
    events.flatMap(({ type, data }) => (type === 'AlertRaised' ? [(data.windowEnd - minute(0)) / 60_000] : []));

  it('does not flap between the threshold and the share at which it clears', () => {
    // 12, then 8 of a needed 10, which is above 0.7 × 10, then 12 again.
    const wave = inOrder(ticks, burst(100, 12), burst(105, 8), burst(110, 12), burst(115, 8));
    expect(typesOf(play([recordsOf(wave)], simple()).events)).toEqual(['AlertRaised', 'AlertCleared']);
    expect(
      typesOf(play([recordsOf(wave)], simple({ clearRatio: 1, coolDownMinutes: 0, baselineWindows: 12 })).events).length,
    ).toBeGreaterThan(2);
  });

  it('waits for the cool-down before it raises another one', () => {
    const twice = (gap: number) => recordsOf(inOrder(ticks, burst(100, 20), burst(100 + gap, 20)));
    expect(raisedAt(play([twice(15)], simple()).events)).toEqual([101]);
    expect(raisedAt(play([twice(60)], simple()).events)).toEqual([101, 161]);
  });

  it('has no end before the next record comes, and no clock that ends it', () => {
    expect(typesOf(play([recordsOf(inOrder(ticks.slice(0, 104), burst(100, 20)))], simple()).events)).toEqual(['AlertRaised']);
  });

  it('takes a height that lasts for the new normal', () => {
    const level = Array.from({ length: 200 }, (_, i) => burst(100 + i, 6)).flat();
    const { events } = play([recordsOf(inOrder(ticks, level))], simple());
    expect(events.map(({ type, data }) => [type, 'reason' in data ? data.reason : ''])).toEqual([
      ['AlertRaised', ''],
      ['AlertCleared', 'lasted'],
    ]);
  });

  it('leaves an earlier spike out of the baseline of the next', () => {
    const spans = { windowMinutes: 5, baselineWindows: 12, coolDownMinutes: 5 };
    const { events } = play([recordsOf(inOrder(ticks, burst(200, 60), burst(230, 30)))], simple(spans));
    expect(raisedAt(events)).toEqual([201, 231]);
    const second = events.findLast(({ type }) => type === 'AlertRaised');
    expect(second?.data).toMatchObject({ evidence: { baseline: expect.closeTo(0.05, 1) as number } });
  });

  it('is over when its rule is gone', () => {
    const records = recordsOf(inOrder(ticks, burst(100, 20)));
    const half = records.findIndex(({ eventTime }) => (eventTime ?? 0) > minute(104));
    const { events, trends } = play([records.slice(0, half), records.slice(half)], (page) => (page === 0 ? simple() : []));
    expect(events.map(({ type, data }) => [type, 'reason' in data ? data.reason : ''])).toEqual([
      ['AlertRaised', ''],
      ['AlertCleared', 'rule-removed'],
    ]);
    expect(trends.state.groups).toEqual([]);
  });

  it('judges after a silence of days only what there is to judge', () => {
    const later = [{ at: 40_000 }, { at: 40_001 }, { at: 40_010 }];
    const { events, trends } = play([recordsOf(inOrder(ticks.slice(0, 120), burst(100, 20), later))], simple());
    expect(typesOf(events)).toEqual(['AlertRaised', 'AlertCleared']);
    expect(trends.state.judgedTo).toBe(Math.floor(minute(40_008) / 60_000));
  });
});
