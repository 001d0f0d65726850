import { hashJson, type AlertCleared, type SpikeRule, type TrendEvent } from '../schemas/core.ts';
import { baselineOf, evidenceOf, type Begins } from './baseline.ts';
import { enoughReporters, neededCount, passes, spanOf } from './judge.ts';
import { keyOfGroup, MINUTE_MS, type Pane, type PaneIndex } from './panes.ts';
import type { GroupState } from './trend-state.ts';
import { type Range, reportersIn, topSubjects, windowOf } from './windows.ts';

/** What a judgement is about, whatever the group. */
export type Bench = {
  readonly sourceId: string;
  readonly rule: SpikeRule;
  readonly panes: PaneIndex;
  readonly begins: Begins;
  /** The record with which the window could be judged. */
  readonly arrival: number;
};

type Step = { readonly state: GroupState | undefined; readonly events: readonly TrendEvent[] };

const TOP_SUBJECTS = 5;
const ALERT_ID_LENGTH = 32;

/**
 * Judges the window of a group that ends at `end` and moves its state on: calm → alert in force → cooling down → calm.
 *
 * - an alert is raised when all thresholds are passed and no cool-down is on
 * - it is over when the count falls below `clearRatio` of what was needed to raise it, which is fixed while it lasts; or when it has lasted
 *   as long as its whole baseline, and is the new normal
 */
export function judgeWindow(
  bench: Bench,
  before: GroupState | undefined,
  at: {
    readonly group: string;
    readonly end: number;
    readonly count: number;
    /** The panes of the group in the window. */
    readonly inWindow: () => readonly Pane[];
  },
): Step {
  if (before !== undefined && before.alert !== null) return goOn(bench, before, at);
  const state = forget(bench.rule, before, at.end);
  return state !== undefined && at.end < state.coolUntil ? { state, events: [] } : raise(bench, state, at);
}

/** The state without what no longer matters; undefined when that is all. */
function forget(rule: SpikeRule, state: GroupState | undefined, end: number): GroupState | undefined {
  if (state === undefined) return undefined;
  const spikes = state.spikes.filter(({ to }) => to > end - spanOf(rule));
  return spikes.length === 0 && end >= state.coolUntil ? undefined : { ...state, spikes };
}

type Place = Parameters<typeof judgeWindow>[2];

function raise(bench: Bench, state: GroupState | undefined, { group, end, count, inWindow }: Place): Step {
  const { rule, panes, sourceId, arrival } = bench;
  const unchanged = { state, events: [] };
  if (count < rule.floor) return unchanged;
  const window = windowOf(end, rule.windowMinutes);
  const named = { by: rule.by, group };
  const baseline = baselineOf(panes, named, { ...rule, begins: bench.begins, spikes: state?.spikes ?? [], range: window });
  if (!passes(rule, count, baseline)) return unchanged;
  const found = inWindow();
  const reporters = reportersIn(found);
  if (!enoughReporters(rule, () => reporters)) return unchanged;
  const alertId = alertIdOf(sourceId, { rule: rule.name, group, from: window.from });
  const needed = neededCount(rule, count, baseline);
  const raised: TrendEvent = {
    type: 'AlertRaised',
    data: {
      sourceId,
      alertId,
      ...describe(rule, group, window),
      evidence: evidenceOf(count, reporters, baseline),
      needed,
      topSubjects: topSubjects(found, TOP_SUBJECTS),
      arrival,
    },
  };
  const alert = { alertId, window, needed, peak: count };
  const next = { rule: rule.name, ...named, alert, last: { alertId, window }, coolUntil: 0, spikes: state?.spikes ?? [] };
  return { state: next, events: [raised] };
}

function goOn({ rule, sourceId, arrival }: Bench, before: GroupState, { group, end, count }: Place): Step {
  const { alert } = before;
  if (alert === null) return { state: before, events: [] };
  const reason = endOf(rule, { alert, end, count });
  if (reason === undefined) return { state: { ...before, alert: { ...alert, peak: Math.max(alert.peak, count) } }, events: [] };
  const window = windowOf(end, rule.windowMinutes);
  const cleared: TrendEvent = {
    type: 'AlertCleared',
    data: { sourceId, alertId: alert.alertId, ...describe(rule, group, window), reason, count, peak: alert.peak, arrival },
  };
  // What has become normal is what must be expected from now on: it stays in the baseline.
  const spikes = reason === 'fell' ? [...before.spikes, { from: alert.window.from, to: end }] : before.spikes;
  return { state: { ...before, alert: null, coolUntil: end + rule.coolDownMinutes, spikes }, events: [cleared] };
}

function endOf(
  rule: SpikeRule,
  { alert, end, count }: { readonly alert: NonNullable<GroupState['alert']>; readonly end: number; readonly count: number },
): AlertCleared['data']['reason'] | undefined {
  if (count < rule.clearRatio * alert.needed) return 'fell';
  return end - alert.window.to >= spanOf(rule) ? 'lasted' : undefined;
}

/** The end of an alert whose rule is gone. */
export function clearRemoved(
  sourceId: string,
  state: GroupState,
  at: { readonly end: number; readonly arrival: number },
): readonly TrendEvent[] {
  const { alert, rule, by, group } = state;
  if (alert === null) return [];
  const { from, to } = alert.window;
  const window = windowOf(at.end, to - from);
  const data = { sourceId, alertId: alert.alertId, ...describe({ name: rule, by }, group, window), count: 0, peak: alert.peak };
  return [{ type: 'AlertCleared', data: { ...data, reason: 'rule-removed', arrival: at.arrival } }];
}

/** The part of a fact that says which window of what. */
export const describe = (rule: Pick<SpikeRule, 'name' | 'by'>, group: string, { from, to }: Range) => ({
  rule: rule.name,
  by: rule.by,
  ...keyOfGroup(rule.by, group),
  windowStart: from * MINUTE_MS,
  windowEnd: to * MINUTE_MS,
});

const alertIdOf = (
  sourceId: string,
  { rule, group, from }: { readonly rule: string; readonly group: string; readonly from: number },
): string => hashJson([sourceId, rule, group, from * MINUTE_MS]).slice(0, ALERT_ID_LENGTH);
