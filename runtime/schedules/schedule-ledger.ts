import {
  canonicalJson,
  RiskflowError,
  type Fence,
  type Json,
  type NewSchedule,
  type OccurrenceEnd,
  type OccurrenceRow,
  type ScheduleEvent,
  type ScheduleRow,
  type ScheduleSettings,
  type ScheduleView,
} from '../../schemas/index.ts';
import type { Context } from '../context.ts';

/** What the facts of schedules are written and read with. */
export type LedgerDeps = Pick<Context, 'storage' | 'workspaceId' | 'actor' | 'now'>;

const settingsStream = (schedule: string): string => `schedule/${schedule}`;
const occurrencesStream = (schedule: string): string => `schedule/${schedule}/occurrences`;

// Part of ids of evaluations, in which dots divide, and of ids in Temporal.
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/;

/** @throws RiskflowError `usage` */
export function checkScheduleName(schedule: string): void {
  if (NAME.test(schedule)) return;
  throw new RiskflowError('usage', `"${schedule.slice(0, 80)}" cannot be the name of a schedule`, {
    hint: 'a name has letters, digits, "-" and "_" only, begins with a letter or a digit, and has at most 60 characters',
  });
}

/** A schedule as its own events tell it; `settings` null when there is none, or none any more. */
type Known = { readonly version: number; readonly settings: ScheduleSettings | null; readonly paused: boolean };

const PAGE = 1000;

async function readKnown({ storage, workspaceId }: LedgerDeps, schedule: string): Promise<Known> {
  let known: Known = { version: 0, settings: null, paused: false };
  for (;;) {
    const page = await storage.events.readStream(workspaceId, settingsStream(schedule), { afterVersion: known.version, limit: PAGE });
    // Written by this program as ScheduleEvent; upcast on read.
    for (const { type, data, version } of page) known = fold({ ...known, version }, { type, data } as ScheduleEvent);
    if (page.length < PAGE) return known;
  }
}

function fold(known: Known, event: ScheduleEvent): Known {
  if (event.type === 'ScheduleCreated') return { ...known, settings: event.data.settings, paused: event.data.paused };
  if (event.type === 'SchedulePaused') return { ...known, paused: true };
  if (event.type === 'ScheduleResumed') return { ...known, paused: false };
  return event.type === 'ScheduleDeleted' ? { ...known, settings: null } : known;
}

const MOST_TRIES = 5;

/** Decides on what is known now, again when somebody else was faster. `decide` gives null when there is nothing to do. */
async function change(
  deps: LedgerDeps,
  schedule: string,
  decide: (known: Known) => ScheduleEvent | null | Promise<ScheduleEvent | null>,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const known = await readKnown(deps, schedule);
    const event = await decide(known);
    if (event === null) return false;
    const written = await deps.storage.events.write({
      workspaceId: deps.workspaceId,
      actor: deps.actor,
      appends: [{ log: 'ledger', stream: settingsStream(schedule), events: [event], expected: { version: known.version } }],
    });
    if (written.status === 'written') return true;
    if (tries === MOST_TRIES) throw new RiskflowError('conflict', `schedule "${schedule}" is being changed by others; try again`);
  }
}

const sameSettings = (a: ScheduleSettings, b: ScheduleSettings): boolean => canonicalJson(jsonOf(a)) === canonicalJson(jsonOf(b));

/** Settings as they are after being stored. */
export const jsonOf = (settings: ScheduleSettings): Json => JSON.parse(JSON.stringify(settings)) as Json;

/** False when it is there already, just so. @throws RiskflowError `conflict` when it is there with other settings */
export function createSchedule(deps: LedgerDeps, { schedule, settings, paused }: NewSchedule): Promise<boolean> {
  checkScheduleName(schedule);
  return change(deps, schedule, (known) => {
    if (known.settings === null) return { type: 'ScheduleCreated', data: { schedule, settings, paused, at: deps.now() } };
    if (sameSettings(known.settings, settings)) return null;
    throw new RiskflowError('conflict', `schedule "${schedule}" is there already with other settings`, {
      hint: `look at it with: riskflow schedule show ${schedule}; to change it, delete it first`,
    });
  });
}

/** A change to a schedule that must be there. */
const changeExisting = (deps: LedgerDeps, schedule: string, decide: (known: Known) => ScheduleEvent | null): Promise<boolean> =>
  change(deps, schedule, async (known) => {
    if (known.settings === null) throw await unknownSchedule(deps, schedule);
    return decide(known);
  });

export const pauseSchedule = (deps: LedgerDeps, schedule: string, note: string | null): Promise<boolean> =>
  changeExisting(deps, schedule, ({ paused }) => (paused ? null : { type: 'SchedulePaused', data: { schedule, note, at: deps.now() } }));

export const resumeSchedule = (deps: LedgerDeps, schedule: string): Promise<boolean> =>
  changeExisting(deps, schedule, ({ paused }) => (paused ? { type: 'ScheduleResumed', data: { schedule, at: deps.now() } } : null));

export const deleteSchedule = (deps: LedgerDeps, schedule: string): Promise<boolean> =>
  changeExisting(deps, schedule, () => ({ type: 'ScheduleDeleted', data: { schedule, at: deps.now() } }));

async function unknownSchedule(deps: LedgerDeps, schedule: string): Promise<RiskflowError> {
  const known = (await readSchedules(deps)).map((row) => row.schedule);
  return new RiskflowError('not_found', `there is no schedule "${schedule}"`, {
    hint: known.length === 0 ? 'create one: riskflow schedule create --help tells how' : `there are: ${known.join(', ')}`,
  });
}

// ── reads ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Those that were not deleted, by name. */
export const readSchedules = async (deps: LedgerDeps): Promise<readonly ScheduleRow[]> =>
  (await readAllSchedules(deps)).filter((row) => row.state !== 'deleted');

export async function readAllSchedules({ storage, workspaceId }: LedgerDeps): Promise<readonly ScheduleRow[]> {
  await storage.projections.catchUp(workspaceId);
  return storage.read.schedules(workspaceId);
}

/** @throws RiskflowError `not_found` that says what there is */
export async function readSchedule(deps: LedgerDeps, schedule: string): Promise<ScheduleRow> {
  const row = (await readSchedules(deps)).find((each) => each.schedule === schedule);
  if (row === undefined) throw await unknownSchedule(deps, schedule);
  return row;
}

/** Occurrences that are asked for, buffered or running, the earliest first. */
export async function readOpenOccurrences({ storage, workspaceId }: LedgerDeps): Promise<readonly OccurrenceRow[]> {
  const open = await storage.read.scheduleOccurrences(workspaceId, { open: true, limit: MOST_OPEN });
  return open.toReversed();
}
const MOST_OPEN = 100_000;

export async function withOccurrences(deps: LedgerDeps, row: ScheduleRow, limit: number): Promise<ScheduleView> {
  const { schedule } = row;
  return { ...row, occurrences: await deps.storage.read.scheduleOccurrences(deps.workspaceId, { schedule, limit }) };
}

// ── occurrences ────────────────────────────────────────────────────────────────────────────────────────────────────

type OccurrenceEvent = Extract<
  ScheduleEvent,
  { readonly type: 'ScheduleTriggered' | 'ScheduleOccurred' | 'ScheduleOccurrenceEnded' | 'ScheduleOccurrencesMissed' }
>;

/** `known`: the fact was there already, written by whoever was first. */
type Recorded = { readonly status: 'written' } | { readonly status: 'known'; readonly value: string };

/** Writes a fact of an occurrence once. @throws RiskflowError `taken_over` when the fence is not the current one any more */
async function record(
  deps: LedgerDeps,
  event: OccurrenceEvent,
  { scope, key, value = '', fence }: { readonly scope?: string; readonly key?: string; readonly value?: string; readonly fence?: Fence },
): Promise<Recorded> {
  const written = await deps.storage.events.write({
    workspaceId: deps.workspaceId,
    actor: deps.actor,
    ...(fence === undefined ? {} : { fence }),
    ...(scope === undefined || key === undefined ? {} : { claims: [{ scope, key, value }] }),
    appends: [{ log: 'ledger', stream: occurrencesStream(event.data.schedule), events: [event], expected: { any: true } }],
  });
  if (written.status === 'written') return { status: 'written' };
  if (written.status === 'claimed') return { status: 'known', value: written.value };
  throw new RiskflowError('taken_over', 'the schedules were taken over by another process');
}

type Data<T extends OccurrenceEvent['type']> = Omit<Extract<OccurrenceEvent, { readonly type: T }>['data'], 'at'>;

export const recordTrigger = (deps: LedgerDeps, data: Data<'ScheduleTriggered'>): Promise<Recorded> =>
  record(deps, { type: 'ScheduleTriggered', data: { ...data, at: deps.now() } }, { scope: 'schedule-trigger', key: data.occurrenceId });

/** What an occurrence comes to is decided once: `known` tells what was decided before. */
export const recordOccurrence = (deps: LedgerDeps, data: Data<'ScheduleOccurred'>, fence?: Fence): Promise<Recorded> =>
  record(
    deps,
    { type: 'ScheduleOccurred', data: { ...data, at: deps.now() } },
    {
      scope: data.outcome === 'buffered' ? 'schedule-buffer' : 'schedule-occurrence',
      key: data.occurrenceId,
      value: data.outcome,
      ...(fence === undefined ? {} : { fence }),
    },
  );

export const recordEnd = (
  deps: LedgerDeps,
  data: Data<'ScheduleOccurrenceEnded'> & { readonly status: OccurrenceEnd },
  fence?: Fence,
): Promise<Recorded> =>
  record(
    deps,
    { type: 'ScheduleOccurrenceEnded', data: { ...data, at: deps.now() } },
    { scope: 'schedule-end', key: data.occurrenceId, ...(fence === undefined ? {} : { fence }) },
  );

export const recordMissed = (deps: LedgerDeps, data: Data<'ScheduleOccurrencesMissed'>, fence: Fence): Promise<Recorded> =>
  record(deps, { type: 'ScheduleOccurrencesMissed', data: { ...data, at: deps.now() } }, { fence });
