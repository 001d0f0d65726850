import type { Schedules } from '../../schemas/index.ts';
import { occurrenceIdOf } from './occurrence-id.ts';
import {
  createSchedule,
  deleteSchedule,
  pauseSchedule,
  readSchedule,
  readSchedules,
  recordTrigger,
  resumeSchedule,
  withOccurrences,
  type LedgerDeps,
} from './schedule-ledger.ts';
import { checkTimes, nextTimes, timesOf } from './timing.ts';

export const MOST_TIMES = 10;

/** Schedules that a scheduler of this program keeps, in whichever process it is: it reads the ledger, so there is nobody else to tell. */
export function embeddedSchedules(deps: LedgerDeps): Schedules {
  return {
    keeper: 'riskflow',
    create: async (wanted) => {
      checkTimes(wanted.settings, deps.now());
      return { isNew: await createSchedule(deps, wanted) };
    },
    ...readsOf(deps),
    pause: (schedule, note) => pauseSchedule(deps, schedule, note),
    resume: (schedule) => resumeSchedule(deps, schedule),
    trigger: async (schedule) => {
      const { settings } = await readSchedule(deps, schedule);
      const now = Math.floor(deps.now() / 1000) * 1000;
      // An occurrence of its own, not that of the schedule at the same second.
      const scheduledFor = timesOf(settings)(now - 1) === now ? now + 1000 : now;
      const occurrenceId = occurrenceIdOf(schedule, scheduledFor);
      await recordTrigger(deps, { schedule, occurrenceId, scheduledFor, keeper: 'riskflow' });
      return { scheduledFor };
    },
    delete: async (schedule) => {
      await deleteSchedule(deps, schedule);
    },
    nextTimes: async (schedule, count) => {
      const { state, settings } = await readSchedule(deps, schedule);
      return state === 'paused' ? [] : nextTimes(settings, deps.now(), Math.min(count, MOST_TIMES));
    },
    // Whoever takes one up begins it.
    waiting: () => Promise.resolve([]),
    reconcile: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

/** What is read from the ledger, whoever keeps the time. */
export function readsOf(deps: LedgerDeps): Pick<Schedules, 'list' | 'describe'> {
  return {
    list: async () => Promise.all((await readSchedules(deps)).map((row) => withOccurrences(deps, row, 1))),
    describe: async (schedule, limit) => withOccurrences(deps, await readSchedule(deps, schedule), limit),
  };
}
