import type { Command } from 'commander';
import type { OccurrenceRow, Schedules, ScheduleSettings, ScheduleTiming, ScheduleView } from '../../schemas/core.ts';
import { durationText } from '../output/duration.ts';
import { spanText } from '../options/durations.ts';
import { renderFacts, renderTable } from '../output/table.ts';
import { withApp, type Session, type Work } from '../session.ts';

const NEXT_TIMES = 5;

export const listSchedules = (session: Session): Promise<number> =>
  withSchedules(session, async (work, schedules) => {
    const views = await schedules.list();
    if (session.json) session.printJson({ keeper: schedules.keeper, schedules: views.map((view) => documentOf(work, view)) });
    else if (views.length === 0) session.notice('there is no schedule yet: riskflow schedule create --help tells how to make one');
    else {
      const rows = views.map((view) => {
        const [next] = timesOf(work, view, 1);
        const [last] = view.occurrences;
        return [
          view.schedule,
          timingText(view.settings.timing),
          view.state,
          next === undefined ? '' : momentText(next),
          last === undefined ? '' : momentText(last.scheduledFor),
          last === undefined ? '' : outcomeText(last),
          workText(view.settings),
        ];
      });
      const titles = ['schedule', 'when', 'state', 'next (UTC)', 'last (UTC)', 'outcome', 'does'];
      session.print(
        renderTable(
          titles.map((title) => ({ title })),
          rows,
        ),
      );
      await tellWhoKeeps(session, work);
    }
    return 0;
  });

export async function showSchedule(session: Session, command: Command): Promise<number> {
  const { limit = 10 } = command.opts<{ limit?: number }>();
  return withSchedules(session, async (work, schedules) => {
    const view = await schedules.describe(nameOf(command), limit);
    const next = await schedules.nextTimes(view.schedule, NEXT_TIMES);
    const waiting = await schedules.waiting(view.schedule);
    printView(session, work, view, { keeper: schedules.keeper, nextTimes: next.map(isoTime), waiting: waiting.map(isoTime) });
    if (waiting.length > 0 && !session.json) {
      session.print(`\nwaits for a worker: ${waiting.map(momentText).join(', ')} UTC`);
      await tellWhoKeeps(session, work);
    }
    return 0;
  });
}

export async function pauseSchedule(session: Session, command: Command): Promise<number> {
  const { note = null } = command.opts<{ note?: string }>();
  return changed(session, command, {
    change: (schedules, name) => schedules.pause(name, note),
    done: 'is paused',
    before: 'was paused already',
  });
}

export const resumeSchedule = (session: Session, command: Command): Promise<number> =>
  changed(session, command, { change: (schedules, name) => schedules.resume(name), done: 'goes on', before: 'was not paused' });

export const deleteSchedule = (session: Session, command: Command): Promise<number> =>
  withSchedules(session, async (_, schedules) => {
    const name = nameOf(command);
    await schedules.delete(name);
    if (session.json) session.printJson({ schedule: name, state: 'deleted' });
    else session.print(`schedule ${name} is deleted`);
    return 0;
  });

export const triggerSchedule = (session: Session, command: Command): Promise<number> =>
  withSchedules(session, async (work, schedules) => {
    const name = nameOf(command);
    const { scheduledFor } = await schedules.trigger(name);
    if (session.json) session.printJson({ schedule: name, scheduledFor: isoTime(scheduledFor) });
    else session.print(`schedule ${name} was asked for an occurrence at ${momentText(scheduledFor)} UTC: riskflow schedule show ${name}`);
    await tellWhoKeeps(session, work);
    return 0;
  });

type Change = {
  readonly change: (schedules: Schedules, name: string) => Promise<boolean>;
  readonly done: string;
  readonly before: string;
};

const changed = (session: Session, command: Command, { change, done, before }: Change): Promise<number> =>
  withSchedules(session, async (work, schedules) => {
    const name = nameOf(command);
    const isChanged = await change(schedules, name);
    const view = await schedules.describe(name, 1);
    if (session.json) session.printJson({ ...documentOf(work, view), changed: isChanged });
    else session.print(`schedule ${name} ${isChanged ? done : before}`);
    return 0;
  });

const nameOf = (command: Command): string => command.args[0] ?? '';

const withSchedules = (session: Session, body: (work: Work, schedules: Schedules) => Promise<number>): Promise<number> =>
  withApp(session, async (work) => {
    const schedules = await work.runtime.openSchedules(work.context);
    try {
      return await body(work, schedules);
    } finally {
      await schedules.close();
    }
  });

async function tellWhoKeeps(session: Session, { runtime, context }: Work): Promise<void> {
  if (session.json) return;
  const lack = await runtime.schedulesLack(context);
  if (lack !== null) session.notice(lack);
}

// ── one schedule ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Prints a schedule as it stands; `more` goes into the document of `--json`. */
export function printView(session: Session, work: Work, view: ScheduleView, more: Readonly<Record<string, unknown>>): void {
  const document = { ...documentOf(work, view), ...more };
  if (session.json) {
    session.printJson({ ...document, occurrences: view.occurrences.map(occurrenceDocument) });
    return;
  }
  const { settings, state, note, missed, lastMissed } = view;
  const { timing } = settings;
  const next = document.nextTimes.map((time) => nextText(time, timing));
  session.print(
    renderFacts([
      ['schedule', view.schedule],
      ['does', workText(settings)],
      ['when', timingText(timing)],
      ['state', note === null ? state : `${state}: ${note}`],
      ['overlap', settings.overlap],
      ['catch-up', spanText(settings.catchupMs)],
      ...(settings.jitterMs === 0 ? [] : ([['jitter', `up to ${spanText(settings.jitterMs)}`]] as const)),
      ...(settings.until === null ? [] : ([['until', `${momentText(settings.until)} UTC`]] as const)),
      ...(missed === 0 ? [] : ([['missed', `${missed}, the last at ${momentText(lastMissed ?? 0)} UTC`]] as const)),
      ['next', next.length === 0 ? (state === 'paused' ? 'none while it is paused' : 'none any more') : (next[0] ?? '')],
      ...next.slice(1).map((text): readonly [string, string] => ['', text]),
    ]),
  );
  if (view.occurrences.length === 0) return;
  const rows = view.occurrences.map((row) => [
    momentText(row.scheduledFor),
    outcomeText(row),
    row.startedAt === null ? '' : lateText(row.startedAt - row.scheduledFor),
    row.startedAt === null || row.finishedAt === null ? '' : durationText(row.finishedAt - row.startedAt),
    row.workId,
    row.detail ?? '',
  ]);
  const titles = ['occurrence (UTC)', 'outcome', 'late', 'took', 'run or evaluation', 'detail'];
  session.print(
    `\n${renderTable(
      titles.map((title) => ({ title })),
      rows,
    )}`,
  );
}

type Document = { readonly nextTimes: readonly string[] } & Readonly<Record<string, unknown>>;

function documentOf(work: Work, view: ScheduleView): Document {
  const { schedule, settings, state, note, createdAt, missed, lastMissed, occurrences } = view;
  const [last] = occurrences;
  return {
    schedule,
    state,
    note,
    ...settings,
    until: settings.until === null ? null : isoTime(settings.until),
    createdAt: isoTime(createdAt),
    nextTimes: timesOf(work, view, NEXT_TIMES).map(isoTime),
    missed,
    lastMissed: lastMissed === null ? null : isoTime(lastMissed),
    last: last === undefined ? null : occurrenceDocument(last),
  };
}

const occurrenceDocument = (row: OccurrenceRow): Readonly<Record<string, unknown>> => ({
  occurrenceId: row.occurrenceId,
  scheduledFor: isoTime(row.scheduledFor),
  triggered: row.triggered,
  status: row.status,
  workId: row.workId === '' ? null : row.workId,
  detail: row.detail,
  startedAt: row.startedAt === null ? null : isoTime(row.startedAt),
  finishedAt: row.finishedAt === null ? null : isoTime(row.finishedAt),
});

/** As they are computed here, which is how both keepers count but for clock changes and jitter. */
const timesOf = ({ runtime, context }: Work, { state, settings }: ScheduleView, count: number): readonly number[] =>
  state === 'paused' ? [] : runtime.nextTimes(settings, context.now(), count);

const isoTime = (time: number): string => new Date(time).toISOString();
const momentText = (time: number): string => isoTime(time).slice(0, 19).replace('T', ' ');
const lateText = (ms: number): string => (ms < 1000 ? '' : durationText(ms));
const outcomeText = ({ status, detail }: OccurrenceRow): string =>
  status === 'succeeded' && detail !== null ? `${status}: ${detail}` : status;

function timingText(timing: ScheduleTiming): string {
  if (timing.kind === 'cron') return `${timing.expression} ${timing.timezone}`;
  return `every ${spanText(timing.everyMs)}${timing.offsetMs === 0 ? '' : ` + ${spanText(timing.offsetMs)}`}`;
}

function nextText(time: string, timing: ScheduleTiming): string {
  const utc = `${time.slice(0, 19).replace('T', ' ')} UTC`;
  if (timing.kind === 'every' || timing.timezone === 'UTC') return utc;
  const there = new Intl.DateTimeFormat('sv-SE', { timeZone: timing.timezone, dateStyle: 'short', timeStyle: 'short' });
  return `${utc}, ${there.format(new Date(time))} ${timing.timezone}`;
}

function workText({ work }: ScheduleSettings): string {
  const named = ({ flow, flowVersion }: { readonly flow: string; readonly flowVersion: string | null }): string =>
    flowVersion === null ? flow : `${flow}:${flowVersion.slice(0, 12)}`;
  if (work.kind === 'run') return `run ${named(work)}`;
  return `evaluate ${work.variants.map(named).join(' with ')} on ${work.samples}`;
}
