import { setTimeout as delay } from 'node:timers/promises';
import { isRiskflowError, messageOf, type Fence, type OccurrenceRow, type ScheduleRow } from '../../schemas/index.ts';
import { holdLease, LeaseHeld, type HeldLease } from '../leases.ts';
import { dueSteps, stepOf, type Busy, type DueStep } from './due.ts';
import { evaluationIdOf, occurrenceIdOf } from './occurrence-id.ts';
import { readAllSchedules, readOpenOccurrences, recordEnd, recordMissed, recordOccurrence } from './schedule-ledger.ts';
import type { OccurrenceOutcome, OccurrenceWork, SchedulerClock, SchedulerDeps } from './scheduler-types.ts';

/** One scheduler per workspace: whoever holds this lease. */
export const SCHEDULER = 'scheduler';
/** How soon a change that another process wrote, or a clock that was set or slept, is noticed. */
const POLL_MS = 1_000;

/**
 * Keeps the schedules until the signal is aborted. Trouble with storage is told, and waited out. Of several processes on the same data one keeps them, and the others take over when it
 * ends. Work in flight is then left as it is, and goes on with whoever keeps the schedules next.
 */
export async function keepSchedules(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    const lease = await holdLease(deps, SCHEDULER).catch((error: unknown) => {
      const news = error instanceof LeaseHeld ? ({ kind: 'standby', why: error.message } as const) : troubleOf(error);
      const words = news.kind === 'standby' ? news.kind : news.message;
      if (told !== words) deps.onNews(news);
      told = words;
      return undefined;
    });
    if (lease === undefined) {
      await deps.clock.wait(POLL_MS, signal);
      continue;
    }
    told = 'keeping';
    deps.onNews({ kind: 'keeping' });
    await keep(deps, lease, AbortSignal.any([signal, lease.signal]));
  }
}

async function keep(deps: SchedulerDeps, lease: HeldLease, signal: AbortSignal): Promise<void> {
  const keeper = new Keeper(deps, lease.fence, signal);
  let trouble = '';
  try {
    while (!signal.aborted) {
      let next: number | null = null;
      try {
        next = await keeper.look();
        trouble = '';
      } catch (error) {
        // Taken over, which the lease tells too, but later.
        if (isRiskflowError(error) && error.code === 'taken_over') return;
        const news = troubleOf(error);
        if (news.message !== trouble) deps.onNews(news);
        trouble = news.message;
      }
      const ms = next === null ? POLL_MS : Math.min(POLL_MS, Math.max(0, next - deps.clock.now()));
      await keeper.pause(ms);
    }
  } finally {
    await keeper.settled();
    // It lapses by itself when storage is away.
    await lease.release().catch((error: unknown) => deps.onNews(troubleOf(error)));
  }
}

const troubleOf = (error: unknown) => ({ kind: 'trouble', message: messageOf(error) }) as const;

/** What is open of one schedule. */
type Desk = { readonly row: ScheduleRow; readonly open: readonly OccurrenceRow[] };

/** The scheduler while its lease lasts: what it knows, and what it has in flight. */
class Keeper {
  readonly #deps: SchedulerDeps;
  readonly #fence: Fence;
  readonly #signal: AbortSignal;
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Up to where each schedule is dealt with, also where no fact of it had to be written. */
  readonly #considered = new Map<string, number>();
  /** Noted as over, perhaps after the desks were read. */
  readonly #over = new Set<string>();
  #desks: readonly Desk[] = [];
  #head = -1;
  #waiting = new AbortController();

  constructor(deps: SchedulerDeps, fence: Fence, signal: AbortSignal) {
    this.#deps = deps;
    this.#fence = fence;
    this.#signal = signal;
  }

  /** Deals with everything whose time has come. @returns when to look again at the latest; null when nothing is to come */
  async look(): Promise<number | null> {
    await this.#read();
    let next: number | null = null;
    for (const { row, open } of this.#desks) {
      const busy = await this.#lookAtOpen(row, open);
      if (row.state !== 'active') continue;
      const considered = Math.max(row.considered, this.#considered.get(row.schedule) ?? 0);
      const due = dueSteps({ ...row, considered }, this.#deps.clock.now(), busy);
      for (const step of due.steps) await this.#take(row, step);
      if (due.next !== null) next = Math.min(next ?? due.next, due.next);
    }
    return next;
  }

  /** Waits, unless something in flight ends meanwhile. */
  async pause(ms: number): Promise<void> {
    await this.#deps.clock.wait(ms, AbortSignal.any([this.#signal, this.#waiting.signal]));
    this.#waiting = new AbortController();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#inFlight.values());
  }

  /** Only when something was written since: asking for the head of the ledger is all that an idle scheduler does. */
  async #read(): Promise<void> {
    const { storage, workspaceId } = this.#deps;
    const head = await storage.events.head(workspaceId, 'ledger');
    if (head === this.#head) return;
    const rows = await readAllSchedules(this.#deps);
    const open = await readOpenOccurrences(this.#deps);
    this.#desks = rows.map((row) => ({ row, open: open.filter(({ schedule }) => schedule === row.schedule) }));
    this.#head = head;
    for (const id of this.#over) if (!open.some(({ occurrenceId }) => occurrenceId === id)) this.#over.delete(id);
  }

  /** Goes on with what is running and nobody is at, and begins what was asked for or waits. */
  async #lookAtOpen(row: ScheduleRow, open: readonly OccurrenceRow[]): Promise<Busy> {
    const running = open.filter(({ status, occurrenceId }) => status === 'running' && !this.#over.has(occurrenceId));
    const buffered = open.filter(({ status }) => status === 'buffered');
    for (const occurrence of running) this.#launch({ row, ...occurrence }, true);
    const busy = { running: running.length, buffered: buffered.length };
    for (const occurrence of buffered) {
      if (row.state === 'deleted') await this.#skip(row, occurrence, 'the schedule was deleted');
      else if (busy.running === 0 && (row.state === 'active' || occurrence.triggered)) {
        await this.#begin(row, occurrence);
        busy.running += 1;
        busy.buffered -= 1;
      }
    }
    for (const occurrence of open.filter(({ status }) => status === 'asked')) {
      const kind = stepOf(row.settings.overlap, busy);
      if (row.state === 'deleted') await this.#skip(row, occurrence, 'the schedule was deleted');
      else if (kind === 'skip') await this.#skip(row, occurrence, OVERLAPS);
      else if (kind === 'buffer') await this.#buffer(row, occurrence);
      else await this.#begin(row, occurrence);
      if (kind === 'start') busy.running += 1;
      if (kind === 'buffer') busy.buffered += 1;
    }
    return busy;
  }

  async #take(row: ScheduleRow, step: DueStep): Promise<void> {
    const { schedule } = row;
    if (step.kind === 'missed') {
      const { first, last, count } = step;
      await recordMissed(this.#deps, { schedule, first, last, count }, this.#fence);
      this.#considered.set(schedule, last);
      this.#deps.onNews({ ...step, schedule });
      return;
    }
    const { scheduledFor } = step;
    const occurrence = { occurrenceId: occurrenceIdOf(schedule, scheduledFor), scheduledFor, triggered: false };
    if (step.kind === 'skip') await this.#skip(row, occurrence, OVERLAPS);
    else if (step.kind === 'buffer') await this.#buffer(row, occurrence);
    else await this.#begin(row, occurrence);
    this.#considered.set(schedule, scheduledFor);
  }

  async #begin(row: ScheduleRow, occurrence: Moment): Promise<void> {
    const recorded = await this.#record(row, occurrence, { outcome: 'started', reason: null });
    // Else it was decided before, and is taken up when it is read.
    if (recorded) this.#launch({ row, ...occurrence }, false);
  }

  async #skip(row: ScheduleRow, occurrence: Moment, reason: string): Promise<void> {
    if (!(await this.#record(row, occurrence, { outcome: 'skipped', reason }))) return;
    this.#deps.onNews({ kind: 'skipped', schedule: row.schedule, scheduledFor: occurrence.scheduledFor, reason });
  }

  async #buffer(row: ScheduleRow, occurrence: Moment): Promise<void> {
    if (!(await this.#record(row, occurrence, { outcome: 'buffered', reason: null }))) return;
    this.#deps.onNews({ kind: 'buffered', schedule: row.schedule, scheduledFor: occurrence.scheduledFor });
  }

  async #record(
    row: ScheduleRow,
    { occurrenceId, scheduledFor, triggered }: Moment,
    decided: { readonly outcome: 'started' | 'skipped' | 'buffered'; readonly reason: string | null },
  ): Promise<boolean> {
    const { schedule } = row;
    const data = { schedule, occurrenceId, scheduledFor, triggered, workId: workIdOf(row, scheduledFor), ...decided };
    return (await recordOccurrence(this.#deps, data, this.#fence)).status === 'written';
  }

  #launch(work: OccurrenceWork, resumed: boolean): void {
    const { occurrenceId, scheduledFor, row } = work;
    if (this.#inFlight.has(occurrenceId) || this.#over.has(occurrenceId)) return;
    const named = { schedule: row.schedule, scheduledFor, workId: workIdOf(row, scheduledFor) };
    this.#deps.onNews({ kind: 'begun', ...named, resumed });
    const task = this.#perform(work)
      .then(async (outcome) => {
        if (outcome === undefined) return;
        await recordEnd(this.#deps, { schedule: row.schedule, occurrenceId, scheduledFor, ...outcome }, this.#fence);
        this.#over.add(occurrenceId);
        this.#deps.onNews({ kind: 'ended', ...named, ...outcome });
      })
      .catch(async (error: unknown) => {
        this.#deps.onNews(troubleOf(error));
        await this.#deps.clock.wait(BUSY_MS, this.#signal);
      })
      .finally(() => {
        this.#inFlight.delete(occurrenceId);
        this.#waiting.abort();
      });
    this.#inFlight.set(occurrenceId, task);
  }

  /** Undefined when it is to be tried again: by the next keeper, or here once whoever is at it has left it. */
  async #perform(work: OccurrenceWork): Promise<OccurrenceOutcome | undefined> {
    try {
      return await this.#deps.perform(work, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      const isOthers = isRiskflowError(error) && (error.code === 'busy' || error.code === 'taken_over');
      if (!isOthers) return { status: 'failed', detail: messageOf(error) };
      await this.#deps.clock.wait(BUSY_MS, this.#signal);
      return undefined;
    }
  }
}

type Moment = Pick<OccurrenceRow, 'occurrenceId' | 'scheduledFor' | 'triggered'>;

const OVERLAPS = 'the one before it was not over';
const BUSY_MS = 5_000;

export const workIdOf = ({ schedule, settings }: Pick<ScheduleRow, 'schedule' | 'settings'>, scheduledFor: number): string =>
  settings.work.kind === 'run' ? occurrenceIdOf(schedule, scheduledFor) : evaluationIdOf(schedule, scheduledFor);

/** The clock of this machine. What is waited for is looked at again often, so that a machine that slept is no matter. */
export const machineClock: SchedulerClock = {
  now: Date.now,
  wait: (ms, signal) => delay(ms, undefined, { signal, ref: true }).catch(() => undefined),
};
