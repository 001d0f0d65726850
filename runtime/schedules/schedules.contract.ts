import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewSchedule, Schedules, ScheduleSettings } from '../../schemas/index.ts';
import { nextTimes } from './timing.ts';

export type SchedulesUnderTest = { readonly schedules: Schedules; close(): Promise<void> };

export const settings = (more: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  timing: { kind: 'cron', expression: '0 3 * * *', timezone: 'Europe/Berlin' },
  jitterMs: 0,
  overlap: 'skip',
  catchupMs: 600_000,
  until: null,
  work: { kind: 'run', flow: 'triage', flowVersion: null, inputs: { text: 'x' }, query: null, pins: {}, modelMap: {} },
  ...more,
});

const wanted = (schedule: string, more: Partial<ScheduleSettings> = {}, paused = false): NewSchedule => ({
  schedule,
  settings: settings(more),
  paused,
});

const TIMINGS: readonly (readonly [name: string, timing: ScheduleSettings['timing']])[] = [
  ['a-day', { kind: 'cron', expression: '0 3 * * *', timezone: 'UTC' }],
  ['workdays', { kind: 'cron', expression: '*/20 8-17 * * MON-FRI', timezone: 'Asia/Shanghai' }],
  ['weekend', { kind: 'cron', expression: '15 12 * * FRI-SUN', timezone: 'America/New_York' }],
  ['both-day-fields', { kind: 'cron', expression: '0 0 13 * 5', timezone: 'UTC' }],
  ['months', { kind: 'cron', expression: '30 6 1,15 jan,Jul *', timezone: 'Europe/Berlin' }],
  ['leap-day', { kind: 'cron', expression: '0 0 29 2 *', timezone: 'UTC' }],
  ['quarter-hours', { kind: 'every', everyMs: 900_000, offsetMs: 300_000 }],
  ['days', { kind: 'every', everyMs: 86_400_000, offsetMs: 10_800_000 }],
];

/** What both keepers of schedules hold to. The test of each says what begins the work. */
export function schedulesContract(open: () => Promise<SchedulesUnderTest>): void {
  describe('schedules', () => {
    let under: SchedulesUnderTest;
    let schedules: Schedules;
    beforeAll(async () => {
      under = await open();
      ({ schedules } = under);
    }, 60_000);
    afterAll(() => under.close());

    it('are created once; the same again changes nothing, other settings are refused', async () => {
      expect(await schedules.create(wanted('once'))).toEqual({ isNew: true });
      expect(await schedules.create(wanted('once'))).toEqual({ isNew: false });
      await expect(schedules.create(wanted('once', { overlap: 'allow' }))).rejects.toMatchObject({ code: 'conflict' });
      expect((await schedules.describe('once', 5)).settings).toEqual(settings());
    });

    it('are created once by many at the same time', async () => {
      const made = await Promise.all(Array.from({ length: 4 }, () => schedules.create(wanted('rush'))));
      expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
    });

    it.each(TIMINGS)('%s: tell the next times', async (name, timing) => {
      await schedules.create(wanted(name, { timing }));
      const told = await schedules.nextTimes(name, 5);
      const [first = 0] = told;
      expect(first).toBeGreaterThan(Date.now() - 5_000);
      expect(told.map(shown)).toEqual(nextTimes({ timing, until: null }, first - 1, 5).map(shown));
      expect(shown(nextTimes({ timing, until: null }, Date.now() - 5_000, 1)[0] ?? 0)).toBe(shown(first));
    });

    it('end at until', async () => {
      const until = Math.ceil(Date.now() / 86_400_000 + 2) * 86_400_000;
      await schedules.create(wanted('ends', { timing: { kind: 'every', everyMs: 86_400_000, offsetMs: 0 }, until }));
      const told = await schedules.nextTimes('ends', 9);
      expect(told.length).toBe(3);
      expect(told.at(-1)).toBe(until);
    });

    it('are paused and resumed, each once; a paused one has no next times', async () => {
      await schedules.create(wanted('pauses'));
      expect(await schedules.pause('pauses', 'holidays')).toBe(true);
      expect(await schedules.pause('pauses', 'again')).toBe(false);
      expect(await schedules.describe('pauses', 1)).toMatchObject({ state: 'paused', note: 'holidays' });
      expect(await schedules.nextTimes('pauses', 3)).toEqual([]);
      expect(await schedules.resume('pauses')).toBe(true);
      expect(await schedules.resume('pauses')).toBe(false);
      expect(await schedules.describe('pauses', 1)).toMatchObject({ state: 'active', note: null });
      expect(await schedules.nextTimes('pauses', 3)).toHaveLength(3);
    });

    it('can be paused from the beginning', async () => {
      await schedules.create(wanted('later', {}, true));
      expect(await schedules.describe('later', 1)).toMatchObject({ state: 'paused' });
      expect(await schedules.nextTimes('later', 3)).toEqual([]);
    });

    it('are gone when deleted, and can be made anew with other settings', async () => {
      await schedules.create(wanted('goes'));
      await schedules.delete('goes');
      await expect(schedules.describe('goes', 1)).rejects.toMatchObject({ code: 'not_found' });
      await expect(schedules.nextTimes('goes', 1)).rejects.toMatchObject({ code: 'not_found' });
      expect((await schedules.list()).map(({ schedule }) => schedule)).not.toContain('goes');
      expect(await schedules.create(wanted('goes', { overlap: 'allow' }))).toEqual({ isNew: true });
      expect((await schedules.describe('goes', 1)).settings.overlap).toBe('allow');
    });

    it('are listed by name', async () => {
      const names = (await schedules.list()).map(({ schedule }) => schedule);
      expect(names).toEqual(names.toSorted());
      expect(names).toContain('once');
    });

    it.each(['pause', 'resume', 'trigger', 'delete', 'nextTimes', 'describe'] as const)(
      '%s of an unknown one says what there is',
      async (verb) => {
        const call =
          verb === 'pause'
            ? schedules.pause('nobody', null)
            : verb === 'nextTimes' || verb === 'describe'
              ? schedules[verb]('nobody', 1)
              : schedules[verb]('nobody');
        await expect(call).rejects.toMatchObject({ code: 'not_found', hint: expect.stringMatching(/once/) as string });
      },
    );

    it.each([['a.b'], [''], ['with space'], ['x'.repeat(61)], ['-x']])('no schedule is called "%s"', (name) =>
      expect(schedules.create(wanted(name))).rejects.toMatchObject({ code: 'usage' }),
    );

    it('agree with the ledger: there is nothing to reconcile', async () => {
      expect(await schedules.reconcile()).toEqual([]);
    });
  });
}

const shown = (time: number): string => new Date(time).toISOString();
