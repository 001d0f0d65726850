import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RiskflowError, type OccurrenceRow, type Schedules, type ScheduleSettings, type Storage } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { embeddedSchedules } from './embedded-schedules.ts';
import { keepSchedules } from './scheduler.ts';
import type { OccurrenceOutcome, SchedulerClock, SchedulerDeps, SchedulerNews } from './scheduler-types.ts';
import { schedulesContract, settings } from './schedules.contract.ts';

const START = Date.parse('2026-11-21T07:00:30Z');
const MINUTE = 60_000;

/** A clock that stands until it is moved, and tells when everybody waits. */
function fakeClock() {
  let now = START;
  const waiting = new Set<{ readonly until: number; readonly done: () => void }>();
  const clock: SchedulerClock = {
    now: () => now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const entry = { until: now + ms, done: () => (waiting.delete(entry), resolve()) };
        waiting.add(entry);
        if (signal.aborted) entry.done();
        else signal.addEventListener('abort', entry.done, { once: true });
      }),
  };
  return {
    clock,
    waiting: () => waiting.size,
    set: (time: number) => {
      now = time;
      for (const entry of waiting) if (entry.until <= now) entry.done();
    },
  };
}

type Work = { readonly id: string; readonly signal: AbortSignal; end(outcome?: OccurrenceOutcome): void; fail(error: Error): void };
type Fake = ReturnType<typeof fakeClock>;

let folder: string;
let time: Fake;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-scheduler-'));
  time = fakeClock();
  alive = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(folder, { recursive: true });
});

async function openStorage(): Promise<Storage> {
  const storage = await openSqliteStorage({ folder });
  closing.push(() => storage.close());
  return storage;
}

type Running = {
  readonly schedules: Schedules;
  readonly news: SchedulerNews[];
  readonly works: Work[];
  readonly begun: () => readonly string[];
  readonly occurrences: (schedule?: string) => Promise<readonly OccurrenceRow[]>;
  readonly stop: () => Promise<void>;
};

type Start = { readonly owner?: string; readonly atOnce?: boolean; readonly worn?: (storage: Storage) => Storage };

/** A scheduler in a process of its own, as far as storage can tell. `atOnce`: work ends when it begins. */
async function start({ owner = 'first', atOnce = true, worn = (sound) => sound }: Start = {}): Promise<Running> {
  const storage = worn(await openStorage());
  const works: Work[] = [];
  const news: SchedulerNews[] = [];
  const deps: SchedulerDeps = {
    workspaceId: 'default',
    storage,
    leases: storage.leases,
    owner: { owner, host: 'here', boot: 'now', pid: 1 },
    isDead: () => false,
    now: time.clock.now,
    actor: 'tester',
    clock: time.clock,
    onNews: (each) => void news.push(each),
    perform: ({ occurrenceId }, signal) =>
      new Promise((resolve, reject) => {
        const end = (outcome: OccurrenceOutcome = { status: 'succeeded', detail: null }): void => resolve(outcome);
        works.push({ id: occurrenceId, signal, end, fail: reject });
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        if (atOnce) end();
      }),
  };
  const stopping = new AbortController();
  const keeping = keepSchedules(deps, stopping.signal);
  let running = true;
  alive += 1;
  const stop = async (): Promise<void> => {
    stopping.abort(new Error('the process ends'));
    await keeping;
    alive -= running ? 1 : 0;
    running = false;
  };
  closing.push(stop);
  await expect.poll(() => news.length).toBeGreaterThan(0);
  return {
    schedules: embeddedSchedules(deps),
    news,
    works,
    begun: () => works.map(({ id }) => id),
    occurrences: async (schedule) => {
      await storage.projections.catchUp('default');
      return (
        await storage.read.scheduleOccurrences('default', { limit: 100, ...(schedule === undefined ? {} : { schedule }) })
      ).toReversed();
    },
    stop,
  };
}

/** Moves the clock there in steps, each until the schedulers have dealt with it and wait again. */
async function goTo(to: number, step = 700): Promise<void> {
  for (let now = time.clock.now(); now < to;) {
    now = Math.min(to, now + step);
    await jumpTo(now);
  }
}
async function jumpTo(to: number): Promise<void> {
  time.set(to);
  await expect.poll(() => time.waiting(), { interval: 1, timeout: 5_000 }).toBeGreaterThanOrEqual(alive);
}
/** Schedulers that wait, or soon will again. */
let alive = 0;

const everyMinute = (more: Partial<ScheduleSettings> = {}): ScheduleSettings =>
  settings({ timing: { kind: 'every', everyMs: MINUTE, offsetMs: 0 }, catchupMs: 3 * MINUTE, ...more });
const name = (minute: number, second = 0): string =>
  `each.20261121T07${String(minute).padStart(2, '0')}${String(second).padStart(2, '0')}Z`;
const shown = (rows: readonly OccurrenceRow[]): readonly string[] => rows.map(({ occurrenceId, status }) => `${occurrenceId} ${status}`);
const at = (minute: number, second = 0): number => Date.parse('2026-11-21T07:00:00Z') + minute * MINUTE + second * 1000;

describe('the scheduler', () => {
  it('begins every occurrence at its time, once, and does not drift', async () => {
    const { schedules, begun, occurrences } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(4, 30), 1_900);
    expect(begun()).toEqual([name(1), name(2), name(3), name(4)]);
    const rows = await occurrences('each');
    expect(shown(rows)).toEqual([1, 2, 3, 4].map((minute) => `${name(minute)} succeeded`));
    // Noticed within the steps of the clock, and never early.
    for (const { startedAt, scheduledFor } of rows) expect((startedAt ?? 0) - scheduledFor).toBeGreaterThanOrEqual(0);
    for (const { startedAt, scheduledFor } of rows) expect((startedAt ?? 0) - scheduledFor).toBeLessThan(3_000);
  });

  it('that slept begins what is within the catch-up window, and counts the rest as missed', async () => {
    const { schedules, begun, news } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute({ overlap: 'allow' }), paused: false });
    await jumpTo(at(20, 30));
    expect(begun()).toEqual([name(18), name(19), name(20)]);
    expect(news).toContainEqual({ kind: 'missed', schedule: 'each', count: 17, first: at(1), last: at(17) });
    expect(await schedules.describe('each', 1)).toMatchObject({ missed: 17, lastMissed: at(17), considered: at(20) });
  });

  it('that begins after others ended does the same', async () => {
    const first = await start();
    await first.schedules.create({ schedule: 'each', settings: everyMinute({ overlap: 'allow' }), paused: false });
    await goTo(at(1, 30));
    await first.stop();
    time.set(at(10, 30));
    const second = await start({ owner: 'second' });
    await expect.poll(() => second.begun()).toEqual([name(8), name(9), name(10)]);
    expect(await second.schedules.describe('each', 1)).toMatchObject({ missed: 6 });
  });

  it('begins nothing twice when the clock is set back', async () => {
    const { schedules, begun } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(2, 30));
    time.set(at(0, 40));
    await goTo(at(3, 30), 5_000);
    expect(begun()).toEqual([name(1), name(2), name(3)]);
  });

  it.each([
    [
      'skip' as const,
      [`${name(1)} running`, `${name(2)} skipped`, `${name(3)} skipped`],
      [`${name(1)} succeeded`, `${name(2)} skipped`, `${name(3)} skipped`],
    ],
    [
      'buffer-one' as const,
      [`${name(1)} running`, `${name(2)} buffered`, `${name(3)} skipped`],
      [`${name(1)} succeeded`, `${name(2)} running`, `${name(3)} skipped`],
    ],
    [
      'allow' as const,
      [`${name(1)} running`, `${name(2)} running`, `${name(3)} running`],
      [`${name(1)} succeeded`, `${name(2)} running`, `${name(3)} running`],
    ],
  ])('overlap %s', async (overlap, during, after) => {
    const { schedules, works, occurrences } = await start({ atOnce: false });
    await schedules.create({ schedule: 'each', settings: everyMinute({ overlap }), paused: false });
    await goTo(at(3, 10), 5_000);
    expect(shown(await occurrences())).toEqual(during);
    works[0]?.end();
    await expect.poll(async () => shown(await occurrences())).toEqual(after);
  });

  it('records how work failed, and goes on', async () => {
    const { schedules, works, occurrences } = await start({ atOnce: false });
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(1, 5), 5_000);
    works[0]?.fail(new RiskflowError('not_found', 'there is no flow "triage"'));
    await expect.poll(async () => shown(await occurrences())).toEqual([`${name(1)} failed`]);
    expect((await occurrences())[0]?.detail).toBe('there is no flow "triage"');
    await goTo(at(2, 5), 5_000);
    expect(works.map(({ id }) => id)).toEqual([name(1), name(2)]);
  });

  it('leaves work in flight when it is stopped, and the next one goes on with it before anything else', async () => {
    const first = await start({ atOnce: false });
    await first.schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(1, 5), 5_000);
    await first.stop();
    expect(first.works[0]?.signal.aborted).toBe(true);
    expect(shown(await first.occurrences())).toEqual([`${name(1)} running`]);
    const second = await start({ owner: 'second' });
    await expect.poll(() => second.begun()).toEqual([name(1)]);
    expect(second.news).toContainEqual(expect.objectContaining({ kind: 'begun', resumed: true }));
    await expect.poll(async () => shown(await second.occurrences())).toEqual([`${name(1)} succeeded`]);
  });

  it('tries again what another process is at', async () => {
    const { schedules, works, occurrences } = await start({ atOnce: false });
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(1, 5), 5_000);
    works[0]?.fail(new RiskflowError('busy', 'run each is being worked on'));
    await goTo(at(1, 20), 5_000);
    expect(works.map(({ id }) => id)).toEqual([name(1), name(1)]);
    works[1]?.end();
    await expect.poll(async () => shown(await occurrences())).toEqual([`${name(1)} succeeded`]);
  });

  it('takes storage that is busy for trouble, and keeps its lease', async () => {
    let refusals = 0;
    const worn = (storage: Storage): Storage => ({
      ...storage,
      events: {
        ...storage.events,
        write: (unit) => {
          if (unit.fence === undefined || refusals === 2) return storage.events.write(unit);
          refusals++;
          return Promise.reject(new RiskflowError('busy', 'another process held the write lock'));
        },
      },
    });
    const { schedules, begun, news } = await start({ worn });
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(2, 10), 2_000);
    expect(begun()).toEqual([name(1), name(2)]);
    expect([refusals, news.filter(({ kind }) => kind === 'keeping').length]).toEqual([2, 1]);
    expect(news.filter(({ kind }) => kind === 'trouble')).toEqual([{ kind: 'trouble', message: 'another process held the write lock' }]);
  });

  it.each(['busy', 'failed'] as const)('tells when its lease cannot be taken (%s) or given back, and ends neither time', async (code) => {
    let refusals = 0;
    const worn = (storage: Storage): Storage => ({
      ...storage,
      leases: {
        ...storage.leases,
        take: (...args) => (refusals++ < 3 ? Promise.reject(new RiskflowError(code, 'no writes now')) : storage.leases.take(...args)),
        release: () => Promise.reject(new RiskflowError(code, 'no writes any more')),
      },
    });
    const { news, stop } = await start({ worn });
    await goTo(at(1), 1_000);
    await stop();
    const told = news.map((each) => (each.kind === 'trouble' ? each.message : each.kind));
    expect(told).toEqual(['no writes now', 'keeping', 'no writes any more']);
  });

  it('of two processes on the same data one keeps the schedules, and the other takes over', async () => {
    const first = await start();
    const second = await start({ owner: 'second' });
    expect([first.news[0]?.kind, second.news[0]?.kind]).toEqual(['keeping', 'standby']);
    await second.schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(2, 10), 2_000);
    await first.stop();
    await goTo(at(4, 10), 2_000);
    expect([...first.begun(), ...second.begun()]).toEqual([name(1), name(2), name(3), name(4)]);
    expect([first.begun().length, second.begun().length]).toEqual([2, 2]);
  });

  it('does not make up for what would have happened while a schedule was paused', async () => {
    const { schedules, begun } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: false });
    await goTo(at(1, 10), 5_000);
    await schedules.pause('each', null);
    await goTo(at(3, 30), 5_000);
    await schedules.resume('each');
    await goTo(at(4, 10), 5_000);
    expect(begun()).toEqual([name(1), name(4)]);
    expect((await schedules.describe('each', 1)).missed).toBe(0);
  });

  it('begins what was asked for, also of a paused schedule, and not beside what is under way', async () => {
    const { schedules, works, occurrences } = await start({ atOnce: false });
    await schedules.create({ schedule: 'each', settings: everyMinute(), paused: true });
    await goTo(at(0, 45));
    const { scheduledFor } = await schedules.trigger('each');
    await goTo(at(0, 50));
    await schedules.trigger('each');
    await goTo(at(1, 20));
    expect(shown(await occurrences()).map((line) => line.split(' ')[1])).toEqual(['running', 'skipped']);
    expect((await occurrences())[0]).toMatchObject({ scheduledFor, triggered: true });
    expect((await schedules.describe('each', 1)).considered).toBe(START);
    works[0]?.end();
    await schedules.delete('each');
    await goTo(at(3, 20), 5_000);
    expect(works.length).toBe(1);
  });

  it('a trigger at the very second of an occurrence is one of its own', async () => {
    const { schedules, begun } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute({ overlap: 'allow' }), paused: false });
    await jumpTo(at(1) - 1_000);
    time.set(at(1));
    await schedules.trigger('each');
    await goTo(at(1, 20));
    expect(begun().toSorted()).toEqual([name(1), name(1, 1)]);
  });

  it('begins later by the jitter, always by the same, and keeps the name', async () => {
    const { schedules, occurrences } = await start();
    await schedules.create({ schedule: 'each', settings: everyMinute({ jitterMs: 40_000 }), paused: false });
    await goTo(at(4, 50), 900);
    const rows = await occurrences();
    expect(rows.map(({ occurrenceId }) => occurrenceId)).toEqual([1, 2, 3, 4].map((minute) => name(minute)));
    const late = rows.map(({ startedAt, scheduledFor }) => (startedAt ?? 0) - scheduledFor);
    for (const ms of late) expect(ms).toBeLessThan(43_000);
    expect(new Set(late.map((ms) => Math.round(ms / 5_000))).size).toBeGreaterThan(1);
  });
});

schedulesContract(async () => {
  const own = mkdtempSync(join(tmpdir(), 'riskflow-schedules-'));
  const storage = await openSqliteStorage({ folder: own });
  return {
    schedules: embeddedSchedules({ storage, workspaceId: 'default', actor: 'tester', now: Date.now }),
    close: async () => {
      await storage.close();
      rmSync(own, { recursive: true });
    },
  };
});
