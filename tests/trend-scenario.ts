import type { TrendPane } from '../schemas/index.ts';

/** A report as it is sent, and on which partition. `at`: milliseconds since 1970 UTC; null: it says none. */
export type Report = {
  readonly id: string;
  readonly account: string;
  readonly category: string;
  readonly reporter: string;
  readonly text: string;
  readonly at: number | null;
  readonly partition: number;
};

/**
 * Reports of some hours or days, ten a minute, in about the order of their times. In them:
 *
 * - a wave of `scam` about one account by a hundred people, which is a spike by `SCENARIO_RULES`
 * - as large a wave of `spam` by three people, which is none
 * - reports that are sent twice, that come late by ten minutes and by hours, from before 1970 and from the far future, that say no time, and
 *   one about an account with half a megabyte of name
 */
export type TrendScenario = {
  readonly reports: readonly Report[];
  /** One for each partition: what makes them known. After it the last partition says nothing more. */
  readonly first: readonly Report[];
  /** The reports without which it would not be known that all others are there: some time after them. */
  closing(step: number): readonly Report[];
  readonly wave: { readonly account: string; readonly from: number; readonly to: number };
  readonly withoutTime: number;
};

export const PARTITIONS = 4;
const PER_MINUTE = 10;
const MINUTE_MS = 60_000;
const WAVE = 240;
const FUTURE_CATEGORY = 'future';

/** Fifteen minutes of `scam` are 100 reports by as many people, of `spam` 50. */
export const SCENARIO_RULES = [
  { name: 'wave', by: 'category', windowMinutes: 15, ratio: 2, robustZ: 5, minReporters: 120 },
  { name: 'one-account', by: 'subject', floor: 400, poissonP: 1e-7 },
] as const;

export function trendScenario({ count, start }: { readonly count: number; readonly start: number }): TrendScenario {
  const minutes = Math.floor(count / PER_MINUTE);
  const waveAt = Math.floor(minutes * 0.6);
  const spoken = PARTITIONS - 1;
  const report = (id: string, at: number | null, more: Partial<Report> = {}): Report => ({
    id,
    account: 'acct-0',
    category: 'scam',
    reporter: 'u-0',
    text: 'hello',
    at: at === null ? null : start + Math.round(at * MINUTE_MS),
    partition: 0,
    ...more,
  });
  const background = Array.from({ length: count }, (_, i) =>
    // Up to 40 seconds before or after its turn.
    report(`r-${i}`, Math.max(0, i / PER_MINUTE + (((i * 7919) % 81) - 40) / 60), {
      account: `acct-${i % 97}`,
      category: i % 3 === 0 ? 'spam' : 'scam',
      reporter: `u-${i % 501}`,
      partition: i % spoken,
    }),
  );
  const wave = (name: string, people: number, from: number): readonly Report[] =>
    Array.from({ length: WAVE }, (_, i) =>
      report(`${name}-${i}`, from + (i * 8) / WAVE, {
        account: `acct-${name}`,
        category: name,
        reporter: `${name}-${i % people}`,
        text: `Your parcel ${i} is held, pay ${i}.99 now`,
        partition: i % spoken,
      }),
    );
  const atMinute = (minute: number, ...more: readonly Report[]): readonly Report[] => more.map((each) => ({ ...each, turn: minute }));
  const odd = [
    ...atMinute(minutes * 0.2, report('future-1', 0, { at: Date.UTC(2099, 0), category: FUTURE_CATEGORY, partition: 1 })),
    ...atMinute(waveAt + 1, report('future-2', 0, { at: Date.UTC(9999, 11), category: FUTURE_CATEGORY, partition: 2 })),
    ...atMinute(minutes * 0.3, report('ancient', 0, { at: -5_000, category: 'ancient' }), report('none', null)),
    ...atMinute(minutes * 0.5, report('long', minutes * 0.5, { account: 'x'.repeat(500_000), category: 'long', partition: 1 })),
    // Ten minutes after the end of the wave's window, when that is judged.
    ...Array.from({ length: 40 }, (_, i) =>
      atMinute(waveAt + 30, report(`late-${i}`, waveAt + 1 + i / 20, { category: 'scam', reporter: `late-${i}`, partition: i % spoken })),
    ).flat(),
    ...Array.from({ length: 20 }, (_, i) =>
      atMinute(minutes * 0.9, report(`very-late-${i}`, minutes * 0.1, { reporter: `v-${i % 5}` })),
    ).flat(),
  ];
  const turnOf = (each: Report & { readonly turn?: number }, i: number): number => each.turn ?? (i < count ? i / PER_MINUTE : 0);
  const waves = [...wave('scam', 100, waveAt), ...wave('spam', 3, minutes * 0.4)];
  const turns = [
    ...background.map((each, i) => ({ each, turn: turnOf(each, i) })),
    ...waves.map((each) => ({ each, turn: ((each.at ?? 0) - start) / MINUTE_MS })),
    ...odd.map((each) => ({ each, turn: turnOf(each, count) })),
  ].toSorted((a, b) => a.turn - b.turn);
  const reports = turns.flatMap(({ each: { id, account, category, reporter, text, at, partition } }, i) => {
    const one = { id, account, category, reporter, text, at, partition };
    // A client that got no answer sends it again.
    return i % 100 === 50 && at !== null && category !== FUTURE_CATEGORY ? [one, one] : [one];
  });
  return {
    reports,
    first: Array.from({ length: PARTITIONS }, (_, partition) => report(`first-${partition}`, 0, { partition })),
    closing: (step) =>
      Array.from({ length: spoken }, (_, partition) =>
        report(`closing-${step}-${partition}`, minutes + 20 + step / 10, { partition, category: 'closing' }),
      ),
    wave: { account: 'acct-scam', from: start + waveAt * MINUTE_MS, to: start + (waveAt + 8) * MINUTE_MS },
    withoutTime: 1,
  };
}

/** Panes of those reports that say a time which can be true, counted in the plainest way: records and distinct reporters by minute, account and category. */
export function plainPanes(reports: readonly Report[]): ReadonlyMap<string, readonly [number, number]> {
  const people = new Map<string, { count: number; readonly names: Set<string> }>();
  for (const { at, account, category, reporter } of reports) {
    if (at === null || category === FUTURE_CATEGORY) continue;
    const name = paneName(Math.floor(at / MINUTE_MS), account, category);
    const pane = people.get(name) ?? { count: 0, names: new Set() };
    pane.count++;
    pane.names.add(reporter);
    people.set(name, pane);
  }
  return new Map(Array.from(people, ([name, { count, names }]) => [name, [count, names.size]]));
}

/** Long names are cut where they are stored: their beginning is compared. */
const paneName = (minute: number, account: string | null, category: string | null): string =>
  JSON.stringify([minute, account?.slice(0, 400) ?? null, category]);

const HASH_DIGITS = 13;

/** Stored panes in the same form; those of reports from the future, which count at their receipt, by themselves. */
export function comparablePanes(panes: readonly TrendPane[]): {
  readonly panes: ReadonlyMap<string, readonly [number, number]>;
  readonly fromFuture: readonly TrendPane[];
} {
  const isFuture = ({ category }: TrendPane): boolean => category === FUTURE_CATEGORY;
  const told = panes.filter((pane) => !isFuture(pane));
  return {
    panes: new Map(
      told.map(({ minute, subject, category, count, reporters }) => [
        paneName(minute, subject, category),
        [count, reporters.length / HASH_DIGITS],
      ]),
    ),
    fromFuture: panes.filter(isFuture),
  };
}
