import type { ArrivedRecord, TrendEvent, TrendPane, TrendSettings } from '../schemas/core.ts';
import { correctWindows, reachOf } from './corrections.ts';
import { spanOf } from './judge.ts';
import { judgeUntil, LONG_SILENCE } from './judge-until.ts';
import { draftPanes, minuteOf, type PaneDraft, type PaneIndex, timeOf, withoutBefore, withStored } from './panes.ts';
import { hashReporter } from './reporter-sketch.ts';
import { beginsOf, type LateCount, type TrendState } from './trend-state.ts';
import { observe } from './watermark.ts';

/** The state of a source's trends and the panes that it may look at. */
export type Trends = {
  readonly state: TrendState;
  /** All panes from the minute `paneFrom` on; of those before it, minutes that were asked for. */
  readonly panes: PaneIndex;
  readonly paneFrom: number;
};

export type TrendSource = {
  readonly sourceId: string;
  readonly settings: Pick<TrendSettings, 'latenessSeconds' | 'idleSeconds' | 'rules'>;
};
export type Counted = { readonly trends: Trends; readonly changed: readonly TrendPane[]; readonly events: readonly TrendEvent[] };

/** What a record has to say about trends. */
export type TrendRecord = Pick<ArrivedRecord, 'arrival' | 'origin' | 'subject' | 'category' | 'reporter' | 'eventTime' | 'receivedAt'>;

/** Minutes kept at hand whatever the rules are, for records that are a little late. */
const SHORTEST_KEPT = 60;

/** The first minute whose panes are needed to go on from a state. −∞ before the first record, when there are none. */
export function firstMinuteNeeded({ judgedTo }: TrendState, { rules }: Pick<TrendSettings, 'rules'>): number {
  const longest = Math.max(SHORTEST_KEPT, ...rules.map((rule) => spanOf(rule) + reachOf(rule)));
  return judgedTo === null ? -Infinity : judgedTo - longest;
}

/** Minutes of records that lie before all panes at hand: their panes have to be put there (`withMinutes`) before they are counted. */
export const minutesLacking = ({ panes, paneFrom }: Trends, records: readonly TrendRecord[]): readonly number[] =>
  Array.from(new Set(records.map((record) => minuteOf(timeOf(record))))).filter((minute) => minute < paneFrom && !panes.has(minute));

/** `minutes`: those that are known now, whether they have panes or not. */
export const withMinutes = (trends: Trends, stored: readonly TrendPane[], minutes: readonly number[]): Trends => ({
  ...trends,
  panes: withStored(trends.panes, stored, minutes),
});

/** Corrections are written when the next windows are judged, and before that when so many panes have got late records. */
const MOST_WAITING = 1000;

/**
 * Counts records, which come in order of arrival, judges every window that the watermark passes on the way, and tells what late records
 * have changed. The same records give the same panes and facts, however they are cut into pages; those that were counted before are left out.
 * The panes of `before` are added to in place: it is not to be used again.
 */
export function countRecords(before: Trends, records: readonly TrendRecord[], source: TrendSource): Counted {
  const draft = draftPanes(before.panes);
  const events: TrendEvent[] = [];
  const hashes = new Map<string, number>();
  let { state } = before;
  for (const record of records) {
    if (record.arrival <= state.arrival) continue;
    const reporter = record.reporter === null ? null : hashOnce(hashes, record.reporter);
    const step = countRecord(state, record, { draft, reporter, source });
    state = step.state;
    for (const event of step.events) events.push(event);
  }
  const paneFrom = Math.max(before.paneFrom, firstMinuteNeeded(state, source.settings));
  return { trends: { state, panes: withoutBefore(draft.index, paneFrom), paneFrom }, changed: draft.changed(), events };
}

function hashOnce(hashes: Map<string, number>, reporter: string): number {
  const hash = hashes.get(reporter) ?? hashReporter(reporter);
  hashes.set(reporter, hash);
  return hash;
}

type Step = { readonly state: TrendState; readonly events: readonly TrendEvent[] };
type StepWith = { readonly draft: PaneDraft; readonly reporter: number | null; readonly source: TrendSource };

function countRecord(before: TrendState, record: TrendRecord, { draft, reporter, source }: StepWith): Step {
  const { subject, category, arrival } = record;
  const minute = minuteOf(timeOf(record));
  draft.add(minute, { subject, category }, reporter);
  const isLate = before.judgedTo !== null && minute < before.judgedTo;
  const waiting = isLate ? addLate(before.waiting, { minute, subject, category, count: 1 }) : before.waiting;
  const state: TrendState = {
    ...before,
    ...observe(before, record, source.settings),
    arrival,
    records: before.records + 1,
    late: before.late + (isLate ? 1 : 0),
    since: before.since ?? minute,
    waiting,
  };
  return judge(state, draft.index, source);
}

function judge(state: TrendState, panes: PaneIndex, { sourceId, settings }: TrendSource): Step {
  const { judgedTo, watermark, waiting, groups, arrival } = state;
  const to = watermark === null ? null : minuteOf(watermark);
  if (to === null) return { state, events: [] };
  if (judgedTo === null) return { state: { ...state, judgedTo: to }, events: [] };
  if (to <= judgedTo && waiting.length < MOST_WAITING) return { state, events: [] };
  const resumed = to - judgedTo > LONG_SILENCE ? afterSilence(panes, judgedTo) : null;
  const begins = { ...beginsOf(state, to), ...(resumed === null ? {} : { resumed }) };
  const bench = { sourceId, panes, begins, arrival };
  const corrected =
    waiting.length === 0 ? [] : settings.rules.flatMap((rule) => correctWindows({ ...bench, rule }, { groups, waiting, judgedTo }));
  if (to <= judgedTo) return { state: { ...state, waiting: [] }, events: corrected };
  const judged = judgeUntil({ ...bench, rules: settings.rules, groups, after: judgedTo, to });
  return {
    state: { ...state, resumed: begins.resumed, waiting: [], judgedTo: to, groups: judged.groups },
    events: [...corrected, ...judged.events],
  };
}

/** The first minute with records after the last long silence behind a minute; null when there was none that long. */
function afterSilence(panes: PaneIndex, judgedTo: number): number | null {
  const minutes = Array.from(panes.keys()).filter((minute) => minute >= judgedTo);
  let resumed: number | null = null;
  let before = judgedTo;
  for (const minute of minutes.sort((a, b) => a - b)) {
    if (minute - before > LONG_SILENCE) resumed = minute;
    before = minute;
  }
  return resumed;
}

function addLate(waiting: readonly LateCount[], late: LateCount): readonly LateCount[] {
  const at = waiting.findIndex((one) => one.minute === late.minute && one.subject === late.subject && one.category === late.category);
  return at < 0 ? [...waiting, late] : waiting.map((one, i) => (i === at ? { ...one, count: one.count + late.count } : one));
}
