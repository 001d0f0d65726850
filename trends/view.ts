import type { SubjectCount, TrendBy, TrendEvidence, TrendKey } from '../schemas/core.ts';
import { baselineOf, evidenceOf, type Begins } from './baseline.ts';
import { keyOfGroup, type PaneIndex } from './panes.ts';
import type { GroupState } from './trend-state.ts';
import { countGroup, countGroups, type Group, panesOf, type Range, reportersIn, topSubjects, windowOf } from './windows.ts';

/** One line of a table of trends. `alertId`: of an alert in force. */
export type TrendRow = TrendKey & {
  readonly evidence: TrendEvidence;
  readonly topSubjects: readonly SubjectCount[];
  readonly alertId: string | null;
  readonly buckets: readonly number[];
};

export type TrendQuestion = {
  readonly by: TrendBy;
  /** The minute after the window. */
  readonly end: number;
  readonly windowMinutes: number;
  readonly baselineWindows: number;
  /** At most so many rows: those with an alert in force, then those with the most records. */
  readonly limit: number;
  /** Parts of time whose records are counted for a plot, one after the other. */
  readonly buckets: readonly Range[];
};

type Known = { readonly panes: PaneIndex; readonly begins: Begins; readonly groups: readonly GroupState[] };

/** What a window looks like beside its baseline, for each group that has records in it or in the plot, and for everything together. */
export function viewTrends({ panes, begins, groups }: Known, question: TrendQuestion): readonly TrendRow[] {
  const { by, end, windowMinutes, limit, buckets } = question;
  const range = windowOf(end, windowMinutes);
  const counts = countGroups(panes, range, by);
  const plotted = bounds(buckets);
  const all = plotted === undefined ? counts : countGroups(panes, plotted, by);
  const alertOf = (group: string): GroupState | undefined =>
    groups.find((one) => one.by === by && one.group === group && one.alert !== null);
  // Of everything together it is known what is usual, also where nothing came.
  const always = by === 'all' ? [''] : [];
  return Array.from(new Set([...counts.keys(), ...all.keys(), ...always]), (group) => ({
    group,
    count: counts.get(group) ?? 0,
    total: all.get(group) ?? 0,
    state: alertOf(group),
  }))
    .sort(
      (a, b) =>
        Number(b.state !== undefined) - Number(a.state !== undefined) ||
        b.count - a.count ||
        b.total - a.total ||
        (a.group < b.group ? -1 : 1),
    )
    .slice(0, limit)
    .map(({ group, count, state }): TrendRow => {
      const named: Group = { by, group };
      const inWindow = panesOf(panes, range, named);
      const spikes = groups.find((one) => one.by === by && one.group === group)?.spikes ?? [];
      const baseline = baselineOf(panes, named, { ...question, begins, spikes, range });
      return {
        ...keyOfGroup(by, group),
        evidence: evidenceOf(count, reportersIn(inWindow), baseline),
        topSubjects: topSubjects(inWindow, 5),
        alertId: state?.alert?.alertId ?? null,
        buckets: buckets.map((bucket) => countGroup(panes, bucket, named)),
      };
    });
}

const bounds = (ranges: readonly Range[]): Range | undefined => {
  const [first, last] = [ranges[0], ranges[ranges.length - 1]];
  return first === undefined || last === undefined ? undefined : { from: first.from, to: last.to };
};

/** A span of minutes cut into at most `most` equal parts of whole minutes, the last of which ends it. */
export function bucketsOf({ from, to }: Range, most: number): readonly Range[] {
  const width = Math.max(1, Math.ceil((to - from) / most));
  const count = Math.ceil((to - from) / width);
  return Array.from({ length: count }, (_, i) => ({ from: Math.max(from, to - (count - i) * width), to: to - (count - i - 1) * width }));
}
