import type { AlertRow, TrendBy, TrendSettings } from '../../schemas/index.ts';
import {
  bucketsOf,
  beginsOf,
  MINUTE_MS,
  minuteOf,
  spanOf,
  viewTrends,
  withStored,
  type Range,
  type TrendRow,
  type TrendState,
} from '../../trends/index.ts';
import type { Context } from '../context.ts';
import { readTrendState } from './follow-trends.ts';
import { readTrendedSource } from './trend-source.ts';

export type TrendTableRequest = {
  readonly sourceId: string;
  readonly by?: TrendBy;
  readonly windowMinutes?: number;
  readonly baselineWindows?: number;
  /** End of the window, milliseconds since 1970 UTC. Default: as far as windows are judged. */
  readonly end?: number;
  /** Minutes that are plotted, up to the end. */
  readonly lastMinutes?: number;
  /** Where the plot begins, in its place; milliseconds since 1970 UTC. */
  readonly start?: number;
  readonly top?: number;
};

/** A part of the plotted time, in milliseconds, and how many alerts were raised in it. */
export type PlotPart = { readonly from: number; readonly to: number; readonly alerts: number };

export type TrendTable = {
  readonly sourceId: string;
  readonly by: TrendBy;
  readonly windowMinutes: number;
  readonly baselineWindows: number;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly watermark: number | null;
  /** Records that came and are not counted yet. */
  readonly behind: number;
  readonly records: number;
  readonly late: number;
  readonly plot: readonly PlotPart[];
  readonly rows: readonly TrendRow[];
  /** Raised in the plotted time, newest first. */
  readonly alerts: readonly AlertRow[];
};

const PLOT_PARTS = 48;
const DEFAULT_LAST_MINUTES = 6 * 60;
const MOST_ALERTS = 1000;
const LONGEST_PLOT_MINUTES = 366 * 24 * 60;
export const DEFAULT_WINDOW = { windowMinutes: 15, baselineWindows: 12 } as const;

/** Counts of a window beside its baseline, and of the time before it. */
export async function trendTable(context: Context, request: TrendTableRequest): Promise<TrendTable> {
  const { sourceId, by = 'category', top = 20 } = request;
  const { settings } = await readTrendedSource(context, sourceId);
  const { state, behind } = await readStanding(context, sourceId);
  const window = windowLike(settings.trends, { ...request, by });
  const end = request.end === undefined ? (state.judgedTo ?? minuteOf(context.now())) : Math.ceil(request.end / MINUTE_MS);
  const parts = bucketsOf({ from: plotStart(request, { end, ...window }), to: end }, PLOT_PARTS);
  const from = Math.min(end - spanOf(window), parts[0]?.from ?? end);
  const stored = await context.storage.trends.panes(context.workspaceId, sourceId, { from, to: end });
  const panes = withStored(new Map(), stored);
  const rows = viewTrends(
    { panes, begins: beginsOf(state, end), groups: state.groups },
    { by, end, ...window, limit: top, buckets: parts },
  );
  const plotted = { from: (parts[0]?.from ?? end) * MINUTE_MS, to: end * MINUTE_MS };
  const alerts = await alertsBetween(context, sourceId, plotted);
  return {
    sourceId,
    by,
    ...window,
    windowStart: (end - window.windowMinutes) * MINUTE_MS,
    windowEnd: end * MINUTE_MS,
    watermark: state.watermark,
    behind,
    records: state.records,
    late: state.late,
    plot: parts.map((part) => plotPart(part, alerts)),
    rows,
    alerts,
  };
}

function plotStart(
  { start, lastMinutes = DEFAULT_LAST_MINUTES }: TrendTableRequest,
  { end, windowMinutes }: WindowShape & { readonly end: number },
): number {
  const wanted = start === undefined ? end - lastMinutes : minuteOf(start);
  // The window itself is always in it; and a plot of years would be of nothing.
  return Math.max(Math.min(wanted, end - windowMinutes), end - LONGEST_PLOT_MINUTES);
}

export type Standing = { readonly state: TrendState; readonly behind: number };

export async function readStanding(context: Context, sourceId: string): Promise<Standing> {
  const { storage, workspaceId } = context;
  const state = await readTrendState(context, sourceId);
  return { state, behind: Math.max(0, (await storage.inbox.lastArrival(workspaceId, sourceId)) - state.arrival) };
}

type WindowShape = { readonly windowMinutes: number; readonly baselineWindows: number };

/** What was asked for, else what the first rule looks at that counts in the same way. */
function windowLike({ rules }: TrendSettings, request: Partial<WindowShape> & { readonly by: TrendBy }): WindowShape {
  const rule = rules.find(({ by }) => by === request.by) ?? DEFAULT_WINDOW;
  return {
    windowMinutes: request.windowMinutes ?? rule.windowMinutes,
    baselineWindows: request.baselineWindows ?? rule.baselineWindows,
  };
}

async function alertsBetween(context: Context, sourceId: string, { from, to }: Range): Promise<readonly AlertRow[]> {
  const { storage, workspaceId } = context;
  await storage.projections.catchUp(workspaceId);
  const alerts = await storage.read.alerts(workspaceId, { sourceId, limit: MOST_ALERTS });
  return alerts.filter(({ windowEnd }) => windowEnd > from && windowEnd <= to);
}

function plotPart({ from, to }: Range, alerts: readonly AlertRow[]): PlotPart {
  const part = { from: from * MINUTE_MS, to: to * MINUTE_MS };
  return { ...part, alerts: alerts.filter(({ windowEnd }) => windowEnd > part.from && windowEnd <= part.to).length };
}
