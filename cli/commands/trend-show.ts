import type { Command } from 'commander';
import type { TrendTable, TrendTableRequest } from '../../runtime/index.ts';
import { RiskflowError, type AlertRow } from '../../schemas/core.ts';
import { readMoment, spanText } from '../options/durations.ts';
import { readBy, readMinutes } from '../options/trend-options.ts';
import { renderPlot } from '../output/plot.ts';
import { isScreen } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { alertDocument, figureCells, FIGURES, isoTime, momentText, nameOf, numberText, stateText } from '../output/trend-figures.ts';
import { withApp, type Session } from '../session.ts';

const MINUTE_MS = 60_000;
export const DEFAULT_TOP = 20;

/** A day without a time is its beginning here. */
const readStart = (text: string): number => readMoment('--from', /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text);

type ShowOptions = {
  readonly by?: string;
  readonly window?: string;
  readonly last?: string;
  readonly from?: string;
  readonly to?: string;
  readonly top?: number;
};

function requestOf(command: Command): TrendTableRequest {
  const { by = 'category', window: span, last, from, to, top = DEFAULT_TOP } = command.opts<ShowOptions>();
  if (last !== undefined && from !== undefined) throw new RiskflowError('usage', 'trend show: --last and --from do not go together');
  const start = from === undefined ? undefined : readStart(from);
  const end = to === undefined ? undefined : readMoment('--to', to);
  if (start !== undefined && end !== undefined && start >= end) throw new RiskflowError('usage', 'trend show: --from must be before --to');
  return {
    sourceId: command.args[0] ?? '',
    by: readBy(by),
    top,
    ...(span === undefined ? {} : { windowMinutes: readMinutes('--window', span) }),
    ...(last === undefined ? {} : { lastMinutes: readMinutes('--last', last) }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

export const showTrends = (session: Session, command: Command): Promise<number> =>
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
  return renderTable(
    [
      ...titles.map((title) => ({ title, atMost: 40 })),
      ...FIGURES.map((title) => ({ title, align: 'right' as const })),
      { title: 'alert' },
    ],
    table.rows.map(({ subject, category, evidence, alertId }) => [
      ...(isPair ? [subject ?? '', category ?? ''] : [nameOf({ subject, category })]),
      ...figureCells(evidence),
      alertId === null ? '' : 'in force',
    ]),
  );
}

function alertLine({ style }: Session, alert: AlertRow): string {
  const { count, baseline, reporters } = alert.evidence;
  const what = `${alert.rule}: ${nameOf(alert)}, ${count} records${baseline === null ? '' : ` where ${numberText(baseline)} were expected`}, ${reporters} reporters`;
  const text = `alert ${momentText(alert.windowEnd)}  ${what}  (${stateText(alert)})`;
  return alert.clearedAt === null ? style.red(text) : style.yellow(text);
}
