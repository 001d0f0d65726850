import type { SpikeRule, TrendEvent } from '../schemas/core.ts';
import { type Bench, describe } from './alert-life.ts';
import { baselineOf, evidenceOf } from './baseline.ts';
import { enoughReporters, passes, stepOf } from './judge.ts';
import { groupOf } from './panes.ts';
import type { GroupState, LateCount } from './trend-state.ts';
import { countGroup, panesOf, type Range, reportersIn, windowOf } from './windows.ts';

const SHORTEST_REACH = 60;

/** How many minutes before the last judged one a window may end to be corrected. */
export const reachOf = ({ windowMinutes }: Pick<SpikeRule, 'windowMinutes'>): number => Math.max(SHORTEST_REACH, windowMinutes);

/**
 * What late records change in windows that one rule has judged. Of each group one window is told: that of its last alert when it got
 * some of them, else, of the windows that did, the one which has the most records now, if these are not fewer than the rule's floor.
 */
export function correctWindows(
  bench: Bench,
  {
    groups,
    waiting,
    judgedTo,
  }: { readonly groups: readonly GroupState[]; readonly waiting: readonly LateCount[]; readonly judgedTo: number },
): readonly TrendEvent[] {
  const { rule } = bench;
  const late = new Map<string, LateCount[]>();
  for (const count of waiting) {
    const group = groupOf(rule.by, count);
    // Older ones are counted, and that is all.
    if (group === undefined || count.minute <= judgedTo - reachOf(rule)) continue;
    late.set(group, [...(late.get(group) ?? []), count]);
  }
  return Array.from(late.keys())
    .sort()
    .flatMap((group) => {
      const state = groups.find((one) => one.rule === rule.name && one.by === rule.by && one.group === group);
      return correctGroup(bench, { group, state, late: late.get(group) ?? [], judgedTo });
    });
}

type Concerned = {
  readonly group: string;
  readonly state: GroupState | undefined;
  readonly late: readonly LateCount[];
  readonly judgedTo: number;
};

function correctGroup(bench: Bench, { group, state, late, judgedTo }: Concerned): readonly TrendEvent[] {
  const { rule, panes, sourceId, arrival } = bench;
  const named = { by: rule.by, group };
  const ofAlert = state !== undefined && lateIn(state.last.window, late) > 0 ? state.last : undefined;
  const window = ofAlert?.window ?? fullestWindow(bench, group, { late, judgedTo });
  if (window === undefined) return [];
  const count = countGroup(panes, window, named);
  if (ofAlert === undefined && count < rule.floor) return [];
  const added = lateIn(window, late);
  const baseline = baselineOf(panes, named, {
    ...rule,
    begins: bench.begins,
    spikes: state?.spikes.filter((spike) => spike.to <= window.from) ?? [],
    range: window,
  });
  const reporters = reportersIn(panesOf(panes, window, named));
  const corrected: TrendEvent = {
    type: 'WindowCorrected',
    data: {
      sourceId,
      ...describe(rule, group, window),
      alertId: ofAlert?.alertId ?? null,
      countBefore: count - added,
      evidence: evidenceOf(count, reporters, baseline),
      isSpike: passes(rule, count, baseline) && enoughReporters(rule, () => reporters),
      late: added,
      arrival,
    },
  };
  return [corrected];
}

const lateIn = ({ from, to }: Range, late: readonly LateCount[]): number =>
  late.reduce((sum, { minute, count }) => (minute >= from && minute < to ? sum + count : sum), 0);

/** Of the judged windows with late records in them the one with the most records; the first of equals. */
function fullestWindow(bench: Bench, group: string, { late, judgedTo }: Pick<Concerned, 'late' | 'judgedTo'>): Range | undefined {
  const { rule, panes } = bench;
  const step = stepOf(rule);
  const minutes = late.map(({ minute }) => minute);
  const last = Math.min(Math.max(...minutes) + rule.windowMinutes, judgedTo);
  let best: Range | undefined;
  let most = -1;
  for (let end = Math.ceil((Math.min(...minutes) + 1) / step) * step; end <= last; end += step) {
    const window = windowOf(end, rule.windowMinutes);
    if (lateIn(window, late) === 0) continue;
    const count = countGroup(panes, window, { by: rule.by, group });
    if (count > most) [best, most] = [window, count];
  }
  return best;
}
