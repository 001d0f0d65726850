import type { Command } from 'commander';
import type { AlertRow, TrendBy, TrendEvidence } from '../../schemas/core.ts';
import { RiskflowError } from '../../schemas/core.ts';
import type { TrendTable, TrendTableRequest } from '../../runtime/index.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { readDuration, readMoment, spanText } from '../options/durations.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderPlot } from '../output/plot.ts';
import { isScreen } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const DEFAULT_TOP = 20;
const DEFAULT_LIMIT = 100;
const BY: readonly TrendBy[] = ['all', 'category', 'subject', 'subject-category'];
const source = { SOURCE: 'the name of a source whose settings have `trends`' };

export function addTrendCommands(program: Command, dispatch: Dispatch): void {
  const trend = addNoun(program, 'trend', 'look at counts of records over time, and at alerts of spikes');
  addVerb(trend, dispatch, {
    name: 'show <SOURCE>',
    summary: 'print the counts of a window beside the windows before it, and a plot',
    args: source,
    options: [
      option('--by <WHAT>', `count together: ${BY.join(', ')}`, { read: readBy, standard: 'category' }),
      option(
        '--window <SPAN>',
        'length of the window, in whole minutes (default: that of the first rule which counts the same way, else 15m)',
        {
          read: span('--window', 7 * DAY_MS),
        },
      ),
      option('--last <SPAN>', 'the time that is plotted', { read: span('--last', 90 * DAY_MS), standard: '6h' }),
      option('--from <TIME>', 'plot from this moment on, in the place of --last'),
      option('--to <TIME>', 'the end of the window and of the plot (default: as far as windows are judged)'),
      option('--top <N>', 'at most so many lines', { read: wholeNumber('--top', { min: 1, max: 1000 }), standard: DEFAULT_TOP }),
    ],
    examples: [
      'riskflow trend show reports',
      'riskflow trend show reports --by subject --window 30m --last 12h --top 10',
      'riskflow trend show reports --from 2026-09-14 --to 2026-09-15T18:00Z --json',
    ],
    notes: [
      'z: distance from the median of the windows before, in units of their spread. p: probability of so many by chance.',
      'Windows are judged up to the watermark: the latest event minus the lateness that the settings allow.',
    ],
    action: show,
  });
  addVerb(trend, dispatch, {
    name: 'alerts [SOURCE]',
    summary: 'list alerts, newest first',
    args: { SOURCE: 'the name of a source (default: all)' },
    options: [
      option('--open', 'those in force only'),
      option('--limit <N>', 'at most so many', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: DEFAULT_LIMIT }),
      option('--before <N>', 'those raised before this number (n)', {
        read: wholeNumber('--before', { min: 1, max: Number.MAX_SAFE_INTEGER }),
      }),
    ],
    examples: ['riskflow trend alerts', 'riskflow trend alerts reports --open --json'],
    action: alerts,
  });
  addVerb(trend, dispatch, {
    name: 'window <SOURCE>',
    summary: 'print what a flow gets as its input `window`',
    args: source,
    options: [
      option('--alert <ID>', 'the window of this alert, and what it is about'),
      option('--window <SPAN>', 'length of the window, in whole minutes', { read: span('--window', 7 * DAY_MS), standard: '15m' }),
      option('--to <TIME>', 'the end of the window (default: as far as windows are judged)'),
      option('--inputs', 'print the inputs of a run: an object whose `window` is that text'),
    ],
    examples: ['riskflow trend window reports', 'riskflow trend window reports --window 1h --inputs > inputs.json'],
    action: window,
  });
  addVerb(trend, dispatch, {
    name: 'rebuild <SOURCE>',
    summary: 'count all records of a source again, and say whether it comes to the same',
    args: source,
    examples: ['riskflow trend rebuild reports', 'riskflow trend rebuild reports --json'],
    notes: ['What differs is put right. Alerts that were raised stay facts, even where the rules were others then.'],
    action: rebuild,
  });
}

function readBy(text: string): TrendBy {
  const by = BY.find((one) => one === text);
  if (by !== undefined) return by;
  throw new RiskflowError('usage', `--by must be one of ${BY.join(', ')}, not "${text}"`);
}

function span(name: string, most: number): (text: string) => number {
  return (text) => {
    const ms = readDuration(name, text);
    if (ms >= MINUTE_MS && ms <= most && ms % MINUTE_MS === 0) return ms / MINUTE_MS;
    throw new RiskflowError('usage', `${name} must be whole minutes from 1m to ${spanText(most)}, not "${text}"`);
  };
}

/** A day without a time is its beginning here. */
const readStart = (text: string): number => readMoment('--from', /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text);

// ── show ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type ShowOptions = {
  readonly by?: TrendBy;
  readonly window?: number;
  readonly last?: number;
  readonly from?: string;
  readonly to?: string;
  readonly top?: number;
};

function requestOf(command: Command): TrendTableRequest & { readonly start?: number } {
  const { by = 'category', window: windowMinutes, last, from, to, top = DEFAULT_TOP } = command.opts<ShowOptions>();
  if (last !== undefined && from !== undefined) throw new RiskflowError('usage', 'trend show: --last and --from do not go together');
  const start = from === undefined ? undefined : readStart(from);
  const end = to === undefined ? undefined : readMoment('--to', to);
  if (start !== undefined && end !== undefined && start >= end) throw new RiskflowError('usage', 'trend show: --from must be before --to');
  return {
    sourceId: command.args[0] ?? '',
    by,
    top,
    ...(windowMinutes === undefined ? {} : { windowMinutes }),
    ...(last === undefined ? {} : { lastMinutes: last }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

const show = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const table = await runtime.trendTable(context, requestOf(command));
    if (session.json) session.printJson(tableDocument(table));
    else printTable(session, table);
    return 0;
  });

const tableDocument = ({ windowStart, windowEnd, watermark, plot, rows, alerts: raised, ...rest }: TrendTable): unknown => ({
  ...rest,
  windowStart: isoTime(windowStart),
  windowEnd: isoTime(windowEnd),
  watermark: watermark === null ? null : isoTime(watermark),
  plot: plot.map((part) => ({ ...part, from: isoTime(part.from), to: isoTime(part.to) })),
  rows: rows.map(({ evidence, ...row }) => ({ ...row, ...evidence })),
  alerts: raised.map(alertDocument),
});

function printTable(session: Session, table: TrendTable): void {
  if (table.records === 0) {
    session.notice(
      table.behind === 0 ? 'it has no records yet' : `${table.behind} records wait to be counted: riskflow source start ${table.sourceId}`,
    );
    return;
  }
  const { style, terminal } = session;
  const heading = `${table.sourceId} by ${table.by}: ${momentText(table.windowStart)} to ${momentText(table.windowEnd)} UTC (${spanText(table.windowMinutes * MINUTE_MS)}), baseline of ${table.baselineWindows} windows`;
  session.print(style.bold(heading));
  if (table.rows.length === 0) {
    session.notice('there is nothing in this time');
    return;
  }
  session.print(renderRows(table));
  const screen = isScreen(terminal.out, terminal.env);
  const lines = table.rows.map((row) => ({ label: nameOf(row), values: row.buckets }));
  const plot = renderPlot(
    lines,
    table.plot.map((part) => part.alerts > 0),
    { blocks: screen, columns: terminal.out.columns() },
  );
  const [first, last] = [table.plot[0], table.plot.at(-1)];
  const width = first === undefined ? 0 : first.to - first.from;
  const bounds = `${momentText(first?.from ?? 0)} to ${momentText(last?.to ?? 0)} UTC, ${spanText(width)} each`;
  session.print(`\n${style.dim(bounds)}\n${plot}`);
  for (const alert of table.alerts.slice(0, 5)) session.print(alertLine(session, alert));
  if (table.behind > 0) session.notice(`${table.behind} more records wait to be counted`);
}

function renderRows(table: TrendTable): string {
  const isPair = table.by === 'subject-category';
  const titles = isPair ? ['subject', 'category'] : [table.by === 'all' ? '' : table.by];
  const figures = ['count', 'baseline', 'ratio', 'z', 'p', 'reporters'];
  return renderTable(
    [
      ...titles.map((title) => ({ title, atMost: 40 })),
      ...figures.map((title) => ({ title, align: 'right' as const })),
      { title: 'alert' },
    ],
    table.rows.map(({ subject, category, evidence, alertId }) => [
      ...(isPair ? [subject ?? '', category ?? ''] : [nameOf({ subject, category })]),
      ...figureCells(evidence),
      alertId === null ? '' : 'in force',
    ]),
  );
}

const nameOf = ({ subject, category }: { readonly subject: string | null; readonly category: string | null }): string => {
  const parts = [subject, category].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(' / ');
};

const figureCells = ({ count, baseline, ratio, z, p, reporters }: TrendEvidence): readonly string[] => [
  String(count),
  numberText(baseline),
  numberText(ratio),
  numberText(z),
  p === null ? '–' : p >= 0.001 ? p.toFixed(3) : p.toExponential(1),
  String(reporters),
];

const numberText = (value: number | null): string => (value === null ? '–' : value.toFixed(Math.abs(value) < 10 ? 2 : 1));

// ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const alerts = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const [sourceId] = command.args;
    const { open = false, limit = DEFAULT_LIMIT, before } = command.opts<{ open?: boolean; limit?: number; before?: number }>();
    const request = { open, limit, ...(sourceId === undefined ? {} : { sourceId }), ...(before === undefined ? {} : { before }) };
    const found = await runtime.listAlerts(context, request);
    if (session.json) session.printJson({ alerts: found.map(alertDocument) });
    else if (found.length === 0) session.notice(open ? 'no alert is in force' : 'no alert was raised yet');
    else {
      session.print(renderAlerts(found));
      const last = found.at(-1);
      if (last !== undefined && found.length === limit) session.notice(`there may be more: --before ${last.n}`);
    }
    return 0;
  });

const renderAlerts = (found: readonly AlertRow[]): string =>
  renderTable(
    [
      { title: 'n', align: 'right' },
      { title: 'source' },
      { title: 'rule' },
      { title: 'of', atMost: 40 },
      { title: 'raised (UTC)' },
      ...['count', 'baseline', 'ratio', 'z', 'p', 'reporters'].map((title) => ({ title, align: 'right' as const })),
      { title: 'state' },
      { title: 'id' },
    ],
    found.map((alert) => [
      alert.n,
      alert.sourceId,
      alert.rule,
      nameOf(alert),
      momentText(alert.windowEnd),
      ...figureCells(alert.corrected ?? alert.evidence),
      stateText(alert),
      alert.alertId,
    ]),
  );

const stateText = ({ clearedAt, clearedBecause, peak, corrected }: AlertRow): string => {
  const end = clearedAt === null ? 'in force' : `${clearedBecause ?? ''} ${momentText(clearedAt)}, peak ${peak ?? 0}`;
  return corrected === null ? end : `${end}, corrected`;
};

function alertLine({ style }: Session, alert: AlertRow): string {
  const { count, baseline, reporters } = alert.evidence;
  const what = `${alert.rule}: ${nameOf(alert)}, ${count} records${baseline === null ? '' : ` where ${numberText(baseline)} were expected`}, ${reporters} reporters`;
  const text = `alert ${momentText(alert.windowEnd)}  ${what}  (${stateText(alert)})`;
  return alert.clearedAt === null ? style.red(text) : style.yellow(text);
}

const alertDocument = ({ windowStart, windowEnd, clearedAt, ...rest }: AlertRow): unknown => ({
  ...rest,
  windowStart: isoTime(windowStart),
  windowEnd: isoTime(windowEnd),
  clearedAt: clearedAt === null ? null : isoTime(clearedAt),
});

// ── window, rebuild ────────────────────────────────────────────────────────────────────────────────────────────────

type WindowOptions = { readonly alert?: string; readonly window?: number; readonly to?: string; readonly inputs?: boolean };

const window = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const { alert, window: windowMinutes, to, inputs = false } = command.opts<WindowOptions>();
    if (alert !== undefined && (windowMinutes !== undefined || to !== undefined)) {
      throw new RiskflowError('usage', 'trend window: --alert names a window already', { hint: 'leave --window and --to out' });
    }
    const found = await runtime.trendWindow(context, {
      sourceId: command.args[0] ?? '',
      ...(alert === undefined ? {} : { alertId: alert }),
      ...(windowMinutes === undefined ? {} : { windowMinutes }),
      ...(to === undefined ? {} : { end: readMoment('--to', to) }),
    });
    session.printJson(inputs ? Object.fromEntries(runtime.windowInput(found)) : found);
    return 0;
  });

const rebuild = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const rebuilt = await runtime.rebuildTrends(context, command.args[0] ?? '', session.onProgress);
    if (session.json) {
      session.printJson(rebuilt);
      return 0;
    }
    const { sourceId, records, panes, equal, replaced } = rebuilt;
    const isSame = equal.panes && equal.state && equal.facts;
    session.print(
      `${sourceId}: ${records} records counted again, ${panes} panes: ${isSame ? 'the same as before' : 'not the same as before'}`,
    );
    if (replaced) {
      const differing = [...(equal.panes ? [] : ['panes']), ...(equal.state ? [] : ['watermarks and alerts in force'])];
      session.print(`put right: ${differing.join(', ')}`);
    }
    if (!equal.facts) session.warn('alerts in the ledger are not those that the settings of today give; facts are never changed');
    return 0;
  });

const isoTime = (time: number): string => new Date(time).toISOString();
const momentText = (time: number): string => isoTime(time).slice(0, 16).replace('T', ' ');
