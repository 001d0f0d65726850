import {
  RiskflowError,
  type AlertRaised,
  type Fence,
  type TrendEvent,
  type TrendProgress,
  type TrendSettings,
} from '../../schemas/index.ts';
import {
  countRecords,
  decodeState,
  encodeState,
  firstMinuteNeeded,
  minutesLacking,
  NO_TRENDS,
  withMinutes,
  withStored,
  type Trends,
  type TrendState,
} from '../../trends/index.ts';
import type { Context } from '../context.ts';
import { readTrendedSource } from './trend-source.ts';

export type AdvanceOptions = {
  readonly settings: TrendSettings;
  readonly fence?: Fence;
  /** Looked at between pages: what is counted stays counted. */
  readonly signal?: AbortSignal;
};

/** What a turn has counted. */
export type Advanced = {
  readonly records: number;
  /** The last record that is counted. */
  readonly arrival: number;
  /** Facts that were written, in order. */
  readonly events: readonly TrendEvent[];
  readonly alerts: readonly AlertRaised['data'][];
};

/** Counts the records of one source. It keeps the panes it needs in memory from turn to turn, and reads them again when others have counted. */
export type TrendFollower = {
  /** Counts what came since the last turn of anybody. @throws RiskflowError `taken_over` for a stale fence */
  advance(options: AdvanceOptions): Promise<Advanced>;
};

/** Rows that are changed in one transaction are not many more: SQLite holds up the process as long. */
const PAGE = 500;

export function followTrends(context: Context, sourceId: string): TrendFollower {
  const { storage, workspaceId, actor } = context;
  let kept: { readonly trends: Trends; readonly rules: string } | undefined;
  const load = async (settings: TrendSettings): Promise<Trends> => {
    const rules = JSON.stringify(settings.rules);
    if (kept?.rules === rules) return kept.trends;
    const trends = await loadTrends(context, sourceId, settings);
    kept = { trends, rules };
    return trends;
  };
  const turn = async ({ settings, fence }: AdvanceOptions): Promise<Advanced | undefined> => {
    const before = await load(settings);
    const from = before.state.arrival;
    const page = await storage.inbox.range(workspaceId, sourceId, { after: from, limit: PAGE });
    if (page.length === 0) return undefined;
    const lacking = minutesLacking(before, page);
    const known =
      lacking.length === 0 ? before : withMinutes(before, await storage.trends.panes(workspaceId, sourceId, { minutes: lacking }), lacking);
    const { trends, changed, events } = countRecords(known, page, { sourceId, settings });
    const progress = progressOf(trends.state);
    const change = { sourceId, actor, from, panes: changed, progress, events, ...(fence === undefined ? {} : { fence }) };
    const result = await storage.trends.apply(workspaceId, change);
    if (result.status === 'stale-fence') throw new RiskflowError('taken_over', `somebody else counts the trends of "${sourceId}" now`);
    if (result.status === 'moved') {
      kept = undefined;
      return { records: 0, arrival: result.arrival, events: [], alerts: [] };
    }
    kept = { trends, rules: JSON.stringify(settings.rules) };
    const alerts = events.flatMap((event) => (event.type === 'AlertRaised' ? [event.data] : []));
    return { records: page.length, arrival: trends.state.arrival, events, alerts };
  };
  return {
    advance: async (options) => {
      const turns: Advanced[] = [];
      while (options.signal?.aborted !== true) {
        const done = await turn(options).catch((error: unknown) => {
          // Whether it was written is not known.
          kept = undefined;
          throw error;
        });
        if (done === undefined) break;
        turns.push(done);
      }
      return {
        records: turns.reduce((sum, { records }) => sum + records, 0),
        arrival: turns.at(-1)?.arrival ?? kept?.trends.state.arrival ?? 0,
        events: turns.flatMap(({ events }) => events),
        alerts: turns.flatMap(({ alerts }) => alerts),
      };
    },
  };
}

/** Counts what has come since, once. @throws RiskflowError as `followTrends` and `readTrendedSource` */
export async function advanceTrends(context: Context, sourceId: string, fence?: Fence): Promise<Advanced> {
  const { settings } = await readTrendedSource(context, sourceId);
  return followTrends(context, sourceId).advance({ settings: settings.trends, ...(fence === undefined ? {} : { fence }) });
}

async function loadTrends(context: Context, sourceId: string, settings: TrendSettings): Promise<Trends> {
  const { storage, workspaceId } = context;
  const state = await readTrendState(context, sourceId);
  const paneFrom = firstMinuteNeeded(state, settings);
  // Without a record there are no panes.
  if (state.judgedTo === null) return { state, panes: new Map(), paneFrom };
  return {
    state,
    panes: withStored(new Map(), await storage.trends.panes(workspaceId, sourceId, { from: paneFrom, to: Infinity })),
    paneFrom,
  };
}

export async function readTrendState({ storage, workspaceId }: Context, sourceId: string): Promise<TrendState> {
  const progress = await storage.trends.progress(workspaceId, sourceId);
  return progress === undefined ? NO_TRENDS : decodeState(progress.state);
}

export const progressOf = (state: TrendState): TrendProgress => ({
  arrival: state.arrival,
  watermark: state.watermark,
  state: encodeState(state),
});
