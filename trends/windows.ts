import type { SubjectCount, TrendBy } from '../schemas/core.ts';
import { groupOf, type Pane, type PaneIndex } from './panes.ts';
import { countReporters, mergeSketches } from './reporter-sketch.ts';

/** Minutes [from, to). */
export type Range = { readonly from: number; readonly to: number };

/** The window of a length that ends with the minute before `end`. */
export const windowOf = (end: number, minutes: number): Range => ({ from: end - minutes, to: end });

/** Records in a range by group. */
export function countGroups(panes: PaneIndex, { from, to }: Range, by: TrendBy): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let minute = from; minute < to; minute++) {
    for (const [group, count] of panes.get(minute)?.totals[by] ?? []) counts.set(group, (counts.get(group) ?? 0) + count);
  }
  return counts;
}

/** What is counted together under which name. */
export type Group = { readonly by: TrendBy; readonly group: string };

export function countGroup(panes: PaneIndex, { from, to }: Range, { by, group }: Group): number {
  let count = 0;
  for (let minute = from; minute < to; minute++) count += panes.get(minute)?.totals[by].get(group) ?? 0;
  return count;
}

/** The panes of a range by group, for those who ask about many groups. */
export function panesByGroup(panes: PaneIndex, { from, to }: Range, by: TrendBy): ReadonlyMap<string, readonly Pane[]> {
  const found = new Map<string, Pane[]>();
  for (let minute = from; minute < to; minute++) {
    for (const pane of panes.get(minute)?.panes.values() ?? []) {
      const group = groupOf(by, pane);
      if (group === undefined) continue;
      const known = found.get(group);
      if (known === undefined) found.set(group, [pane]);
      else known.push(pane);
    }
  }
  return found;
}

export function panesOf(panes: PaneIndex, { from, to }: Range, { by, group }: Group): readonly Pane[] {
  const found: Pane[] = [];
  for (let minute = from; minute < to; minute++) {
    for (const pane of panes.get(minute)?.panes.values() ?? []) if (groupOf(by, pane) === group) found.push(pane);
  }
  return found;
}

export const reportersIn = (panes: readonly Pane[]): number => countReporters(mergeSketches(panes.map(({ reporters }) => reporters)));

/** The subjects with the most records, at most `limit`; among equals in the order of their names. */
export function topSubjects(panes: readonly Pane[], limit: number): readonly SubjectCount[] {
  const counts = new Map<string, number>();
  for (const { subject, count } of panes) {
    if (subject !== null) counts.set(subject, (counts.get(subject) ?? 0) + count);
  }
  return Array.from(counts, ([subject, count]) => ({ subject, count }))
    .sort((a, b) => b.count - a.count || (a.subject < b.subject ? -1 : 1))
    .slice(0, limit);
}
