import { sha256Hex, spikeRule, type SpikeRule, type TrendEvent, type TrendPane } from '../schemas/index.ts';
import { countRecords, minutesLacking, type TrendRecord, type Trends, withMinutes } from './count-records.ts';
import { withStored } from './panes.ts';
import { decodeState, encodeState, NO_TRENDS } from './trend-state.ts';
import { firstMinuteNeeded } from './count-records.ts';

const START = Date.UTC(2026, 8, 14, 8);
export const minute = (n: number): number => START + Math.round(n * 60_000);
export const rule = (given: Partial<SpikeRule> & { readonly name: string }): SpikeRule => spikeRule.parse(given);

/** A record by minutes after the start; received when it happened unless said otherwise. */
export type Planned = {
  readonly at: number;
  readonly category?: string | null;
  readonly subject?: string | null;
  readonly reporter?: string | null;
  readonly received?: number;
  readonly partition?: number;
};

export const recordsOf = (planned: readonly Planned[]): readonly TrendRecord[] =>
  planned.map(({ at, category = 'scam', subject = null, reporter = null, received = at, partition = 0 }, i) => ({
    arrival: i + 1,
    origin: { sourceId: 'reports', incarnation: 1, topic: 't', partition, offset: i },
    subject,
    category,
    reporter,
    eventTime: minute(at),
    receivedAt: minute(received),
  }));

export type Outcome = { readonly trends: Trends; readonly panes: ReadonlyMap<string, TrendPane>; readonly events: readonly TrendEvent[] };

/**
 * Counts pages of records one after the other as a host does: panes are stored as they change, and those that are needed are read. With
 * `forgetful` state and panes are read anew for each page.
 */
export function play(
  pages: readonly (readonly TrendRecord[])[],
  rules: readonly SpikeRule[] | ((page: number) => readonly SpikeRule[]),
  {
    forgetful = false,
    latenessSeconds = 120,
    idleSeconds = 60,
  }: { readonly forgetful?: boolean; readonly latenessSeconds?: number; readonly idleSeconds?: number } = {},
): Outcome {
  const panes = new Map<string, TrendPane>();
  const events: TrendEvent[] = [];
  let trends: Trends = { state: NO_TRENDS, panes: new Map(), paneFrom: -Infinity };
  for (const [i, page] of pages.entries()) {
    const now = typeof rules === 'function' ? rules(i) : rules;
    const source = { sourceId: 'reports', settings: { rules: [...now], latenessSeconds, idleSeconds } };
    if (forgetful) {
      const state = decodeState(encodeState(trends.state));
      const paneFrom = firstMinuteNeeded(state, source.settings);
      trends = {
        state,
        paneFrom,
        panes: withStored(
          new Map(),
          Array.from(panes.values()).filter((pane) => pane.minute >= paneFrom),
        ),
      };
    }
    const lacking = minutesLacking(trends, page);
    trends = withMinutes(
      trends,
      Array.from(panes.values()).filter((pane) => lacking.includes(pane.minute)),
      lacking,
    );
    const counted = countRecords(trends, page, source);
    trends = counted.trends;
    for (const pane of counted.changed) panes.set(JSON.stringify([pane.minute, pane.subject, pane.category]), pane);
    for (const event of counted.events) events.push(event);
  }
  return { trends, panes, events };
}

/** A source of numbers from 0 to 1 that always gives the same ones. */
function seeded(seed: number): () => number {
  let drawn = 0;
  return () => Number.parseInt(sha256Hex(`${seed}/${drawn++}`).slice(0, 13), 16) / 2 ** 52;
}

/** Records at a steady rate with the noise of independent arrivals: exponential gaps, `perMinute` on average. */
export function steady(
  from: number,
  to: number,
  { perMinute, seed, ...rest }: { readonly perMinute: number; readonly seed: number } & Omit<Planned, 'at'>,
): readonly Planned[] {
  const next = seeded(seed);
  const planned: Planned[] = [];
  for (let at = from - Math.log(1 - next()) / perMinute; at < to; at -= Math.log(1 - next()) / perMinute) {
    planned.push({ ...rest, at, reporter: `u-${Math.floor(next() * 10_000)}` });
  }
  return planned;
}

export const inOrder = (...parts: readonly (readonly Planned[])[]): readonly Planned[] =>
  parts.flat().toSorted((a, b) => (a.received ?? a.at) - (b.received ?? b.at));
