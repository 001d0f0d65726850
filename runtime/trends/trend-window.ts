import { RiskflowError, type AlertRow, type TrendBy, type TrendEvidence, type TrendKey, type Values } from '../../schemas/index.ts';
import {
  beginsOf,
  MINUTE_MS,
  minuteOf,
  spanOf,
  viewTrends,
  withStored,
  type PaneIndex,
  type TextCluster,
  type TrendRow,
} from '../../trends/index.ts';
import type { Context } from '../context.ts';
import { DEFAULT_WINDOW, readStanding, type Standing } from './trend-table.ts';
import { readTrendedSource } from './trend-source.ts';
import { windowTexts } from './window-texts.ts';

export type TrendWindowRequest = {
  readonly sourceId: string;
  /** The window of this alert, and what it is about. */
  readonly alertId?: string;
  readonly windowMinutes?: number;
  readonly baselineWindows?: number;
  /** End of the window, milliseconds since 1970 UTC. Default: as far as windows are judged. */
  readonly end?: number;
};

export type AlertSummary = TrendKey & {
  readonly alertId: string;
  readonly rule: string;
  readonly raisedAt: string;
  readonly clearedAt: string | null;
  readonly count: number;
  readonly needed: number;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly p: number | null;
  readonly reporters: number;
};

/** What is known of a window of a source, as a flow gets it. Times are ISO 8601 in UTC; null is what cannot be said. */
export type TrendWindow = {
  readonly source: string;
  readonly from: string;
  readonly to: string;
  readonly minutes: number;
  readonly baselineWindows: number;
  /** Before it everything is taken to be here. */
  readonly watermark: string | null;
  /** The alert that it is about, if it is about one. */
  readonly alert: AlertSummary | null;
  readonly total: TrendEvidence;
  readonly categories: readonly ({ readonly category: string | null } & TrendEvidence)[];
  readonly subjects: readonly ({ readonly subject: string | null } & TrendEvidence)[];
  /** In force when the window ended, newest first. */
  readonly alerts: readonly AlertSummary[];
  /** Near-equal texts of the records (of the alert's, if it is about one), most frequent first. */
  readonly texts: readonly TextCluster[];
  /** How many texts were compared. */
  readonly textsRead: number;
};

const TOP = { categories: 20, subjects: 10, alerts: 20, texts: 8 } as const;
const NO_KEY: TrendKey = { subject: null, category: null };

/** What a flow gets of a window. @throws RiskflowError `not_found` for no such source or alert, `usage` for a source without trends */
export async function trendWindow(context: Context, request: TrendWindowRequest): Promise<TrendWindow> {
  const { storage, workspaceId } = context;
  const { sourceId } = request;
  const { settings } = await readTrendedSource(context, sourceId);
  const standing = await readStanding(context, sourceId);
  await storage.projections.catchUp(workspaceId);
  const alert = request.alertId === undefined ? undefined : await alertOf(context, sourceId, request.alertId);
  const rule = settings.trends.rules.find(({ name }) => name === alert?.rule);
  const shape = shapeOf({ ...rule, ...request }, alert, standing.state.judgedTo ?? minuteOf(context.now()));
  const { end, windowMinutes } = shape;
  const stored = await storage.trends.panes(workspaceId, sourceId, { from: end - spanOf(shape), to: end });
  const look = looker(withStored(new Map(), stored), standing, shape);
  const [total] = look('all', 1);
  const [from, to] = [(end - windowMinutes) * MINUTE_MS, end * MINUTE_MS];
  const texts = await windowTexts(context, {
    sourceId,
    settings,
    upTo: standing.state.arrival,
    from,
    to,
    key: alert ?? NO_KEY,
    clusters: TOP.texts,
  });
  return {
    source: sourceId,
    from: isoTime(from),
    to: isoTime(to),
    minutes: windowMinutes,
    baselineWindows: shape.baselineWindows,
    watermark: standing.state.watermark === null ? null : isoTime(standing.state.watermark),
    alert: alert === undefined ? null : summaryOf(alert),
    total: total?.evidence ?? NOTHING,
    categories: look('category', TOP.categories).map(({ category, evidence }) => ({ category, ...evidence })),
    subjects: look('subject', TOP.subjects).map(({ subject, evidence }) => ({ subject, ...evidence })),
    alerts: (await inForceAt(context, sourceId, to)).map(summaryOf),
    texts: texts.clusters,
    textsRead: texts.read,
  };
}

/** Longer than what a flow's start variable takes by default; the example's takes as much. */
export const LONGEST_INPUT = 20_000;

/** The inputs of a flow that takes a window: its start variable `window`, as JSON text of at most 20,000 characters. */
export function windowInput(window: TrendWindow): Values {
  let shown = window;
  for (;;) {
    const text = JSON.stringify(shown);
    const { texts, subjects, categories, alerts } = shown;
    if (text.length <= LONGEST_INPUT || texts.length + subjects.length + categories.length + alerts.length === 0)
      return new Map([['window', text]]);
    // Subjects and categories are names that anybody may have made long.
    shown = {
      ...shown,
      texts: texts.slice(0, -1),
      subjects: subjects.slice(0, -1),
      categories: categories.slice(0, -1),
      alerts: alerts.slice(0, -1),
    };
  }
}

type Shape = { readonly end: number; readonly windowMinutes: number; readonly baselineWindows: number };

function shapeOf(request: TrendWindowRequest, alert: AlertRow | undefined, judgedTo: number): Shape {
  const { baselineWindows = DEFAULT_WINDOW.baselineWindows } = request;
  if (alert !== undefined) {
    const { windowStart, windowEnd } = alert;
    return { end: windowEnd / MINUTE_MS, windowMinutes: (windowEnd - windowStart) / MINUTE_MS, baselineWindows };
  }
  const end = request.end === undefined ? judgedTo : Math.ceil(request.end / MINUTE_MS);
  return { end, windowMinutes: request.windowMinutes ?? DEFAULT_WINDOW.windowMinutes, baselineWindows };
}

type Look = (by: TrendBy, limit: number) => readonly TrendRow[];

const looker =
  (panes: PaneIndex, { state }: Standing, shape: Shape): Look =>
  (by, limit) =>
    viewTrends({ panes, begins: beginsOf(state, shape.end), groups: state.groups }, { ...shape, by, limit, buckets: [] });

async function alertOf({ storage, workspaceId }: Context, sourceId: string, alertId: string): Promise<AlertRow> {
  const alert = await storage.read.alert(workspaceId, alertId);
  if (alert?.sourceId === sourceId) return alert;
  throw new RiskflowError('not_found', `source "${sourceId}" has no alert "${alertId}"`, {
    hint: `riskflow trend alerts ${sourceId} lists them`,
  });
}

/** Alerts before these are not looked for. */
const MOST_ALERTS = 1000;

async function inForceAt({ storage, workspaceId }: Context, sourceId: string, time: number): Promise<readonly AlertRow[]> {
  const alerts = await storage.read.alerts(workspaceId, { sourceId, limit: MOST_ALERTS });
  return alerts.filter(({ windowEnd, clearedAt }) => windowEnd <= time && (clearedAt === null || clearedAt > time)).slice(0, TOP.alerts);
}

const NOTHING: TrendEvidence = { count: 0, baseline: null, ratio: null, z: null, p: null, reporters: 0, windows: 0 };

const summaryOf = (alert: AlertRow): AlertSummary => {
  const { count, baseline, ratio, p, reporters } = alert.corrected ?? alert.evidence;
  const { alertId, rule, subject, category, needed } = alert;
  const clearedAt = alert.clearedAt === null ? null : isoTime(alert.clearedAt);
  return { alertId, rule, subject, category, raisedAt: isoTime(alert.windowEnd), clearedAt, count, needed, baseline, ratio, p, reporters };
};

const isoTime = (time: number): string => new Date(time).toISOString();
