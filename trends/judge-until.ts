import type { SpikeRule, TrendEvent } from '../schemas/core.ts';
import { type Bench, clearRemoved, judgeWindow } from './alert-life.ts';
import { stepOf } from './judge.ts';
import type { Pane, PaneIndex } from './panes.ts';
import type { GroupState } from './trend-state.ts';
import { countGroups, panesByGroup, windowOf } from './windows.ts';

export type Judged = { readonly groups: readonly GroupState[]; readonly events: readonly TrendEvent[] };

type Judging = Omit<Bench, 'rule'> & {
  readonly rules: readonly SpikeRule[];
  readonly groups: readonly GroupState[];
  /** Windows that end after this minute, up to `to`, are judged. */
  readonly after: number;
  readonly to: number;
};

/** Judges the windows of all rules whose end the watermark has passed; the facts in order of the windows' ends. */
export function judgeUntil({ rules, groups, after, to, ...bench }: Judging): Judged {
  const isKept = (state: GroupState): boolean => rules.some(({ name, by }) => name === state.rule && by === state.by);
  const removed = groups.filter((state) => !isKept(state));
  const events = removed.flatMap((state) => clearRemoved(bench.sourceId, state, { end: to, arrival: bench.arrival }));
  const judged = rules.map((rule) =>
    judgeRule({ ...bench, rule }, { states: groups.filter(({ rule: name }) => name === rule.name).filter(isKept), after, to }),
  );
  const found = judged.flatMap((each) => each.events).concat(events);
  return { groups: judged.flatMap((each) => each.states), events: found.toSorted((a, b) => a.data.windowEnd - b.data.windowEnd) };
}

type RuleWork = { readonly states: readonly GroupState[]; readonly after: number; readonly to: number };

function judgeRule(
  bench: Bench,
  { states, after, to }: RuleWork,
): { readonly states: readonly GroupState[]; readonly events: readonly TrendEvent[] } {
  const { rule, panes } = bench;
  const events: TrendEvent[] = [];
  const current = new Map(states.map((state) => [state.group, state]));
  for (const end of endsOf(rule, panes, { after, to })) {
    const window = windowOf(end, rule.windowMinutes);
    const counts = countGroups(panes, window, rule.by);
    // Looked up once for all: in a storm of alerts there are many to ask about.
    let byGroup: ReadonlyMap<string, readonly Pane[]> | undefined;
    const inWindow = (group: string): readonly Pane[] => (byGroup ??= panesByGroup(panes, window, rule.by)).get(group) ?? [];
    const many = Array.from(counts).flatMap(([group, count]) => (count >= rule.floor ? [group] : []));
    for (const group of Array.from(new Set([...current.keys(), ...many])).sort()) {
      const step = judgeWindow(bench, current.get(group), {
        group,
        end,
        count: counts.get(group) ?? 0,
        inWindow: () => inWindow(group),
      });
      for (const event of step.events) events.push(event);
      if (step.state === undefined) current.delete(group);
      else current.set(group, step.state);
    }
  }
  return {
    states: Array.from(current.keys())
      .sort()
      .flatMap((group) => current.get(group) ?? []),
    events,
  };
}

/**
 * After a silence this long, in minutes, only those ends are looked at whose windows hold something, and the first whose windows do not; and the source
 * counts as new.
 */
export const LONG_SILENCE = 24 * 60;

function endsOf(rule: SpikeRule, panes: PaneIndex, { after, to }: { readonly after: number; readonly to: number }): readonly number[] {
  const step = stepOf(rule);
  const first = (Math.floor(after / step) + 1) * step;
  if (to - after <= LONG_SILENCE)
    return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step);
  const ends = new Set<number>();
  for (const minute of panes.keys()) {
    const from = Math.max(first, Math.ceil((minute + 1) / step) * step);
    const last = Math.min(to, minute + rule.windowMinutes + step);
    for (let end = from; end <= last; end += step) ends.add(end);
  }
  return Array.from(ends).sort((a, b) => a - b);
}
