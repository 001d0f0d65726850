import type { ArrivedRecord, TrendBy, TrendKey, TrendPane } from '../schemas/core.ts';
import { addReporter, decodeSketch, encodeSketch, NO_REPORTERS, type ReporterSketch } from './reporter-sketch.ts';

export const MINUTE_MS = 60_000;

export type Pane = TrendKey & { readonly count: number; readonly reporters: ReporterSketch };

/**
 * The panes of one minute, by the id of their key, and the sums that windows are made of: by the id of what is counted together. They are added to in
 * place by a draft: a minute of a hundred thousand subjects cannot be copied for each page of records.
 */
export type MinutePanes = {
  readonly panes: Map<string, Pane>;
  readonly totals: Readonly<Record<TrendBy, Map<string, number>>>;
};
/** By minute since 1970 UTC. */
export type PaneIndex = ReadonlyMap<number, MinutePanes>;

/** How far ahead of its receipt a record may say that it happened. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS;

type Times = Pick<ArrivedRecord, 'eventTime' | 'receivedAt'>;

/** When a record counts as having happened: not long after it was received, so that one wrong clock cannot move all windows on. */
export const timeOf = ({ eventTime, receivedAt }: Times): number =>
  eventTime === null || eventTime > receivedAt + CLOCK_SKEW_MS ? receivedAt : eventTime;

export const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS);

/**
 * What a record with these facets is counted under; undefined when it lacks one that is needed. `all`: the empty text; both: the pair as
 * JSON; else the facet itself.
 */
export function groupOf(by: TrendBy, { subject, category }: TrendKey): string | undefined {
  if (by === 'all') return '';
  if (by === 'category') return category ?? undefined;
  if (by === 'subject') return subject ?? undefined;
  return subject === null || category === null ? undefined : paneId({ subject, category });
}

/** The key that a group stands for. */
export function keyOfGroup(by: TrendBy, group: string): TrendKey {
  if (by === 'all') return { subject: null, category: null };
  if (by === 'category') return { subject: null, category: group };
  if (by === 'subject') return { subject: group, category: null };
  const [subject = null, category = null] = JSON.parse(group) as readonly (string | null)[];
  return { subject, category };
}

const paneId = ({ subject, category }: TrendKey): string => JSON.stringify([subject, category]);
const ALL_BY: readonly TrendBy[] = ['all', 'category', 'subject', 'subject-category'];
const byOf = <T>(make: (by: TrendBy) => T): Record<TrendBy, T> => ({
  all: make('all'),
  category: make('category'),
  subject: make('subject'),
  'subject-category': make('subject-category'),
});

/** Panes that are being changed. Those it began with are used up. */
export type PaneDraft = {
  readonly index: PaneIndex;
  /** `reporter`: the hash of the reporter, or null. */
  add(minute: number, key: TrendKey, reporter: number | null): void;
  /** Those that were added to, by minute and key. */
  changed(): readonly TrendPane[];
};

export function draftPanes(before: PaneIndex): PaneDraft {
  const index = new Map(before);
  const changed = new Map<number, Map<string, Pane>>();
  return {
    index,
    add: (minute, key, reporter) => {
      const target = index.get(minute) ?? emptyMinute();
      index.set(minute, target);
      const id = paneId(key);
      const { count, reporters } = target.panes.get(id) ?? { count: 0, reporters: NO_REPORTERS };
      const { subject, category } = key;
      const pane = { subject, category, count: count + 1, reporters: reporter === null ? reporters : addReporter(reporters, reporter) };
      target.panes.set(id, pane);
      addTotals(target.totals, key, 1);
      const ofMinute = changed.get(minute) ?? new Map<string, Pane>();
      changed.set(minute, ofMinute.set(id, pane));
    },
    changed: () => Array.from(changed).flatMap(([minute, panes]) => Array.from(panes.values(), (pane) => toTrendPane(minute, pane))),
  };
}

function addTotals(totals: MinutePanes['totals'], key: TrendKey, count: number): void {
  for (const by of ALL_BY) {
    const group = groupOf(by, key);
    if (group !== undefined) totals[by].set(group, (totals[by].get(group) ?? 0) + count);
  }
}

const toTrendPane = (minute: number, { subject, category, count, reporters }: Pane): TrendPane => ({
  minute,
  subject,
  category,
  count,
  reporters: encodeSketch(reporters),
});

const emptyMinute = (): MinutePanes => ({ panes: new Map(), totals: byOf(() => new Map<string, number>()) });

/** The index with stored panes put into it. `minutes`: those that are known now, even where they have no panes. */
export function withStored(before: PaneIndex, stored: readonly TrendPane[], minutes: readonly number[] = []): PaneIndex {
  const index = new Map(before);
  const made = new Map<number, MinutePanes>();
  for (const minute of minutes) index.set(minute, emptyMinute());
  for (const { minute, reporters, ...rest } of stored) {
    const target = made.get(minute) ?? emptyMinute();
    made.set(minute, target);
    index.set(minute, target);
    target.panes.set(paneId(rest), { ...rest, reporters: decodeSketch(reporters) });
    addTotals(target.totals, rest, rest.count);
  }
  return index;
}

export function withoutBefore(index: PaneIndex, minute: number): PaneIndex {
  let isOld = false;
  for (const key of index.keys()) isOld ||= key < minute;
  return isOld ? new Map(Array.from(index).filter(([key]) => key >= minute)) : index;
}
