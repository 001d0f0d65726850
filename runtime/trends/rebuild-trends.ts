import { canonicalJson, RiskflowError, type Json, type TrendEvent, type TrendPane, type TrendProgress } from '../../schemas/index.ts';
import { countRecords, decodeState, minutesLacking, NO_TRENDS, withMinutes, type Trends, type TrendState } from '../../trends/index.ts';
import type { Context, OnProgress } from '../context.ts';
import { progressOf } from './follow-trends.ts';
import { readTrendedSource } from './trend-source.ts';

export type RebuiltTrends = {
  readonly sourceId: string;
  /** Records that were counted again. */
  readonly records: number;
  readonly panes: number;
  /** Whether what was stored was the same. `state`: watermarks and alerts; `facts`: alerts, their ends and corrections in the ledger. */
  readonly equal: { readonly panes: boolean; readonly state: boolean; readonly facts: boolean };
  /** Whether panes and state were put in the place of those that were there. Facts are never changed. */
  readonly replaced: boolean;
};

const PAGE = 1000;
const TRIES = 20;

/**
 * Counts all records of a source again, from its inbox and with its settings of today, and compares. All of its panes are in memory
 * meanwhile. It may run beside whoever counts the source. @throws RiskflowError `failed` when the inbox no longer has its first records
 */
export async function rebuildTrends(context: Context, sourceId: string, onProgress?: OnProgress): Promise<RebuiltTrends> {
  const { storage, workspaceId } = context;
  const { settings } = await readTrendedSource(context, sourceId);
  const count = recount(context, { sourceId, settings: settings.trends }, onProgress);
  for (let tries = 0; tries < TRIES; tries++) {
    const stored = await storage.trends.progress(workspaceId, sourceId);
    if (stored === undefined) return { sourceId, records: 0, panes: 0, equal: { panes: true, state: true, facts: true }, replaced: false };
    const again = await count(stored.arrival);
    const facts = await sameFacts(context, sourceId, again);
    const progress = progressOf(facts ? again.state : { ...again.state, groups: groupsOf(stored) ?? again.state.groups });
    const equal = {
      panes: await samePanes(context, sourceId, again),
      state: stored.watermark === progress.watermark && stored.state === progress.state,
      facts,
    };
    const now = await storage.trends.progress(workspaceId, sourceId);
    // Somebody has gone on while we looked.
    if (now?.arrival !== stored.arrival) continue;
    const { panes } = again;
    const { records } = again.state;
    const isSame = equal.panes && equal.state;
    if (!isSame) {
      const change = { sourceId, from: stored.arrival, panes: Array.from(panes.values()), progress };
      if ((await storage.trends.replace(workspaceId, change)).status === 'moved') continue;
    }
    return { sourceId, records, panes: panes.size, equal, replaced: !isSame };
  }
  throw new RiskflowError('busy', `source "${sourceId}" gets records faster than they can be counted again`, {
    hint: 'pause it, and try again',
  });
}

type Recounted = {
  readonly panes: ReadonlyMap<string, TrendPane>;
  readonly byMinute: ReadonlyMap<number, readonly string[]>;
  readonly events: readonly TrendEvent[];
  readonly state: TrendState;
};

/** Alerts that follow from facts. Where the rules were others then, these stay as they are, and so must what is known of their alerts, so that they end. */
function groupsOf(stored: TrendProgress): TrendState['groups'] | undefined {
  try {
    return decodeState(stored.state).groups;
  } catch {
    // Of another version: what was counted again is what there is.
    return undefined;
  }
}

const nameOf = ({ minute, subject, category }: TrendPane): string => JSON.stringify([minute, subject, category]);

/** Counts up to an arrival; the next call goes on from there. */
function recount(
  { storage, workspaceId }: Context,
  source: Parameters<typeof countRecords>[2],
  onProgress: OnProgress | undefined,
): (upTo: number) => Promise<Recounted> {
  const { sourceId } = source;
  const panes = new Map<string, TrendPane>();
  const byMinute = new Map<number, string[]>();
  const events: TrendEvent[] = [];
  let trends: Trends = { state: NO_TRENDS, panes: new Map(), paneFrom: -Infinity };
  const keep = (pane: TrendPane): void => {
    const name = nameOf(pane);
    if (!panes.has(name)) {
      const names = byMinute.get(pane.minute);
      if (names === undefined) byMinute.set(pane.minute, [name]);
      else names.push(name);
    }
    panes.set(name, pane);
  };
  const panesAt = (minutes: readonly number[]): readonly TrendPane[] =>
    minutes.flatMap((minute) => (byMinute.get(minute) ?? []).flatMap((name) => panes.get(name) ?? []));
  return async (upTo) => {
    while (trends.state.arrival < upTo) {
      const after = trends.state.arrival;
      const page = await storage.inbox.range(workspaceId, sourceId, { after, limit: PAGE, upTo });
      if (page[0]?.arrival !== after + 1) {
        throw new RiskflowError(
          'failed',
          `the inbox of "${sourceId}" no longer has record ${after + 1}: its trends cannot be counted again`,
          {
            hint: 'nothing was changed',
          },
        );
      }
      const lacking = minutesLacking(trends, page);
      const counted = countRecords(withMinutes(trends, panesAt(lacking), lacking), page, source);
      trends = counted.trends;
      for (const pane of counted.changed) keep(pane);
      for (const event of counted.events) events.push(event);
      onProgress?.({ label: `count ${sourceId}`, done: trends.state.arrival, total: upTo });
    }
    return { panes, byMinute, events, state: trends.state };
  };
}

const MINUTES_AT_ONCE = 500;

/** Compares range by range, so that the stored panes are never all in memory. */
async function samePanes({ storage, workspaceId }: Context, sourceId: string, { panes, byMinute }: Recounted): Promise<boolean> {
  const minutes = Array.from(byMinute.keys()).sort((a, b) => a - b);
  const starts = [-Infinity, ...minutes.filter((_, i) => i > 0 && i % MINUTES_AT_ONCE === 0)];
  let seen = 0;
  for (const [i, from] of starts.entries()) {
    const stored = await storage.trends.panes(workspaceId, sourceId, { from, to: starts[i + 1] ?? Infinity });
    for (const pane of stored) {
      const own = panes.get(nameOf(pane));
      if (own === undefined || own.count !== pane.count || own.reporters !== pane.reporters) return false;
    }
    seen += stored.length;
  }
  return seen === panes.size;
}

async function sameFacts({ storage, workspaceId }: Context, sourceId: string, { events }: Recounted): Promise<boolean> {
  let at = 0;
  for (;;) {
    const page = await storage.events.readStream(workspaceId, `trend/${sourceId}`, { afterVersion: at });
    for (const { type, data } of page) {
      const own = events[at++];
      if (own?.type !== type || canonicalJson(own.data) !== canonicalJson(data as Json)) return false;
    }
    if (page.length === 0) return at === events.length;
  }
}
