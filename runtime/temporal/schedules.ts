import { setTimeout as delay } from 'node:timers/promises';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
} from '@temporalio/client';
import {
  canonicalJson,
  isRiskflowError,
  messageOf,
  RiskflowError,
  sha256Hex,
  type OverlapPolicy,
  type ScheduleRow,
  type ScheduleSettings,
  type Schedules,
} from '../../schemas/index.ts';
import type { scheduled } from '../../workflows/index.ts';
import { readsOf, MOST_TIMES } from '../schedules/embedded-schedules.ts';
import { occurrenceIdOf } from '../schedules/occurrence-id.ts';
import {
  createSchedule,
  deleteSchedule,
  jsonOf,
  pauseSchedule,
  readAllSchedules,
  readSchedule,
  recordTrigger,
  resumeSchedule,
  type LedgerDeps,
} from '../schedules/schedule-ledger.ts';
import { checkTimes, plainCron, timesOf } from '../schedules/timing.ts';
import type { TemporalPlace } from './address.ts';
import { attendanceOf } from './attendance.ts';
import { openTemporalClient, type TemporalClient } from './open-client.ts';
import { payloadBlobs } from './payload-blobs.ts';

/** By so much the server's clock may be behind. */
const CLOCKS_MS = 50;

/**
 * Schedules that Temporal keeps. The ledger says what they are; Temporal is told after each change, and `reconcile` makes up for what it was
 * not told. A schedule that somebody changed in Temporal alone is brought back. Connects when it must.
 */
export function temporalSchedules(deps: LedgerDeps, place: TemporalPlace): Schedules {
  let opened: Promise<TemporalClient> | undefined;
  const connected = (): Promise<TemporalClient> => (opened ??= openTemporalClient(place, payloadBlobs(deps.storage, deps.workspaceId)));
  const client = async (): Promise<Client> => (await connected()).client;
  const tell = async (schedule: string): Promise<void> => {
    const row = (await readAllSchedules(deps)).find((each) => each.schedule === schedule);
    if (row !== undefined) await onServer(schedule, async () => sync(await client(), { row, place, deps }));
  };
  /** Nothing is written when nobody would be there to be told. */
  const change = async (schedule: string, write: () => Promise<boolean>): Promise<boolean> => {
    await client();
    const isNew = await write();
    await tell(schedule);
    return isNew;
  };
  return {
    keeper: 'temporal',
    create: async (wanted) => {
      checkTimes(wanted.settings, deps.now());
      return { isNew: await change(wanted.schedule, () => createSchedule(deps, wanted)) };
    },
    ...readsOf(deps),
    pause: (schedule, note) => change(schedule, () => pauseSchedule(deps, schedule, note)),
    resume: (schedule) => change(schedule, () => resumeSchedule(deps, schedule)),
    delete: async (schedule) => {
      await change(schedule, () => deleteSchedule(deps, schedule));
    },
    trigger: async (schedule) => {
      const { schedule: schedules } = await client();
      const { settings } = await readSchedule(deps, schedule);
      await tell(schedule);
      const scheduledFor = await momentOfItsOwn(settings, deps.now);
      await recordTrigger(deps, { schedule, occurrenceId: occurrenceIdOf(schedule, scheduledFor), scheduledFor, keeper: 'temporal' });
      await onServer(schedule, () => schedules.getHandle(scheduleIdOf(deps, schedule)).trigger());
      return { scheduledFor };
    },
    nextTimes: async (schedule, count) => {
      if ((await readSchedule(deps, schedule)).state === 'paused') return [];
      const { schedule: schedules } = await client();
      const { info } = await onServer(schedule, () => schedules.getHandle(scheduleIdOf(deps, schedule)).describe());
      const times = info.nextActionTimes.map((time) => time.getTime());
      return times.slice(0, Math.min(count, MOST_TIMES));
    },
    waiting: async (schedule) => {
      const { client: own, connection } = await connected();
      const id = scheduleIdOf(deps, schedule);
      const { info } = await onServer(schedule, () => own.schedule.getHandle(id).describe());
      const times: number[] = [];
      for (const { action } of info.recentActions) {
        const { workflowId } = action.workflow;
        const attendance = await attendanceOf({ ...place, connection }, workflowId);
        // It is called as the schedule, a dash, and the time.
        if (attendance?.taken === false) times.push(Date.parse(workflowId.slice(id.length + 1)));
      }
      return times;
    },
    reconcile: async () => {
      const changed: string[] = [];
      for (const row of await readAllSchedules(deps)) {
        if (await onServer(row.schedule, async () => sync(await client(), { row, place, deps }))) changed.push(row.schedule);
      }
      return changed;
    },
    close: async () => {
      // One that could not be opened has nothing to close.
      const there = await opened?.catch(() => undefined);
      await there?.close();
    },
  };
}

/** The id in Temporal, and the beginning of the ids of its workflows. */
const scheduleIdOf = ({ workspaceId }: Pick<LedgerDeps, 'workspaceId'>, schedule: string): string => `${workspaceId}/schedule/${schedule}`;

async function onServer<T>(schedule: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (isRiskflowError(cause)) throw cause;
    const told = cause instanceof ScheduleNotFoundError ? 'Temporal does not have it' : messageOf(cause);
    throw new RiskflowError('failed', `schedule "${schedule}": ${told}`, {
      cause,
      hint: 'what is noted stays noted: riskflow start, and every start of a worker, makes Temporal agree with it',
    });
  }
}

type Sync = { readonly row: ScheduleRow; readonly place: TemporalPlace; readonly deps: Pick<LedgerDeps, 'workspaceId'> };

/** Makes Temporal's schedule what the ledger says. Done twice it does nothing. @returns whether something had to be done */
async function sync(client: Client, work: Sync): Promise<boolean> {
  const { row, place, deps } = work;
  const handle = client.schedule.getHandle(scheduleIdOf(deps, row.schedule));
  const present = await handle.describe().catch(absent);
  if (row.state === 'deleted') {
    if (present === undefined) return false;
    await handle.delete().catch(absent);
    return true;
  }
  const wanted = optionsOf(work);
  if (present === undefined) {
    try {
      await client.schedule.create(wanted);
      return true;
    } catch (error) {
      // Somebody else did the same at the same time.
      if (error instanceof ScheduleAlreadyRunning) return sync(client, work);
      throw error;
    }
  }
  if (present.action.memo?.[FINGERPRINT] !== fingerprintOf(row, place)) {
    const { scheduleId: _, ...options } = wanted;
    await handle.update(({ state }) => ({ ...options, state: { ...state, ...options.state } }));
    return true;
  }
  const paused = row.state === 'paused';
  if (present.state.paused === paused) return false;
  await (paused ? handle.pause(noteOf(row)) : handle.unpause(noteOf(row)));
  return true;
}

function absent(error: unknown): ScheduleDescription | undefined {
  if (error instanceof ScheduleNotFoundError) return undefined;
  throw error;
}

const OVERLAP: Readonly<Record<OverlapPolicy, ScheduleOverlapPolicy>> = {
  skip: ScheduleOverlapPolicy.SKIP,
  'buffer-one': ScheduleOverlapPolicy.BUFFER_ONE,
  allow: ScheduleOverlapPolicy.ALLOW_ALL,
};

/** By which it is seen that a schedule in Temporal is the one of the ledger. */
const FINGERPRINT = 'riskflowSettings';
const fingerprintOf = ({ settings, createdAt }: ScheduleRow, { taskQueue }: TemporalPlace): string =>
  sha256Hex(canonicalJson({ settings: jsonOf(settings), createdAt, taskQueue }));

const noteOf = ({ state, note }: ScheduleRow): string => (state === 'paused' ? (note ?? 'paused in Riskflow') : 'as Riskflow has it');

function optionsOf({ row, place, deps }: Sync) {
  const { schedule, settings } = row;
  const { timing, work } = settings;
  const args = { workspaceId: deps.workspaceId, schedule };
  const scheduleId = scheduleIdOf(deps, schedule);
  const does = work.kind === 'run' ? `flow ${work.flow}` : `evaluation on ${work.samples}`;
  return {
    scheduleId,
    spec: {
      ...(timing.kind === 'every'
        ? { intervals: [{ every: timing.everyMs, offset: timing.offsetMs }] }
        : { cronExpressions: [plainCron(timing.expression)], timezone: timing.timezone }),
      ...(settings.jitterMs === 0 ? {} : { jitter: settings.jitterMs }),
      ...(settings.until === null ? {} : { endAt: new Date(settings.until) }),
    },
    policies: { overlap: OVERLAP[settings.overlap], catchupWindow: settings.catchupMs },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'scheduled' as const,
      workflowId: scheduleId,
      taskQueue: place.taskQueue,
      args: [args] as [typeof args],
      memo: { [FINGERPRINT]: fingerprintOf(row, place), schedule },
      staticSummary: `schedule ${schedule}: ${does}`,
    },
    state: { paused: row.state === 'paused', note: noteOf(row) },
  } satisfies ScheduleOptions & { action: { args: Parameters<typeof scheduled> } };
}

/**
 * An occurrence is named by its second, in Temporal too: at one at which the schedule is due anyway, what was triggered would be that occurrence.
 * So this waits for the next. @returns the second that has begun, milliseconds since 1970
 */
async function momentOfItsOwn(settings: ScheduleSettings, now: () => number): Promise<number> {
  const second = Math.floor(now() / 1000) * 1000;
  if (timesOf(settings)(second - 1) !== second) return second;
  await delay(second + 1000 - now() + CLOCKS_MS);
  return second + 1000;
}
