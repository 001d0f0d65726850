import type { BacktestSummary, Met } from '../../runtime/index.ts';
import { durationText } from './duration.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

/** What `--json` prints: times as text of ISO 8601. */
export function backtestDocument({ startedAt, finishedAt, range, ...rest }: BacktestSummary): unknown {
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    ...rest,
    range: { ...range, from: time(range.from), to: time(range.to) },
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
  };
}

/** A backtest for a terminal: agreement, what became what, changed records, what both used up. */
export function renderBacktest(summary: BacktestSummary, { bold }: Style): string {
  const { sourceId, backtest, flow, flowVersion, records, agree, differ, changed, changedLeftOut } = summary;
  const head = `backtest ${backtest} of source ${sourceId} by ${flow} version ${flowVersion.slice(0, 12)}: ${records} records`;
  const blocks: readonly (string | null)[] = [
    [bold(head), ...openLines(summary)].join('\n'),
    agree + differ === 0 ? null : `${agree} agree with the live decision, ${differ} do not (${percent(agree / (agree + differ))} agree)`,
    metTable('label', summary.labels),
    summary.actions.every(({ live, backtest: ours }) => live === null && ours === null) ? null : metTable('action', summary.actions),
    changed.length === 0 ? null : changedTable(summary),
    changedLeftOut === 0
      ? null
      : `and ${changedLeftOut} more: riskflow sample from-stream ${sourceId} --name SET --disagreements --mode backtest --replay ${backtest}`,
    usageTable(summary),
    nodeLine(summary),
    accuracyText(summary),
  ];
  return blocks.filter((block) => block !== null).join('\n\n');
}

function openLines({ open, withoutLive, sourceId, backtest }: BacktestSummary): readonly string[] {
  return [
    ...(open === 0 ? [] : [`${open} are not decided yet: riskflow backtest run ${sourceId} --resume ${backtest}`]),
    ...(withoutLive === 0 ? [] : [`${withoutLive} have no live decision, and are compared with nothing`]),
  ];
}

const NOTHING = '(none)';
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
/** So many values have columns of their own. */
const MOST_COLUMNS = 12;

/** Live values as rows, those of the backtest as columns; a list where there are many. */
export function metTable(what: string, met: readonly Met[]): string | null {
  if (met.length === 0) return null;
  const rows = [...new Set(met.map(({ live }) => live))];
  const columns = [...new Set(met.map(({ backtest }) => backtest))];
  const name = (value: string | null): string => value ?? NOTHING;
  if (columns.length > MOST_COLUMNS)
    return renderTable(
      [{ title: `live ${what}` }, { title: `${what} here` }, { title: 'records', align: 'right' }],
      met.map(({ live, backtest, count }) => [name(live), name(backtest), count]),
    );
  return renderTable(
    [{ title: `live ${what} ↓  here →` }, ...columns.map((column) => ({ title: name(column), align: 'right', atMost: 20 }) as const)],
    rows.map((live) => [
      name(live),
      ...columns.map((column) => met.find((each) => each.live === live && each.backtest === column)?.count ?? 0),
    ]),
  );
}

function changedTable({ changed }: BacktestSummary): string {
  const said = (label: string | null, action: string | null): string =>
    [label ?? NOTHING, ...(action === null ? [] : [action])].join(' / ');
  return renderTable(
    [
      { title: 'record', atMost: 40 },
      { title: 'live', atMost: 30 },
      { title: 'here', atMost: 30 },
      { title: 'text', atMost: 60 },
    ],
    changed.map(({ key, recordId, label, action, error, text }) => [
      key ?? recordId,
      said(label.live, action.live),
      error === null ? said(label.backtest, action.backtest) : `failed: ${error}`,
      text ?? '',
    ]),
  );
}

function usageTable({ errors, cost, tokens, runMs }: BacktestSummary): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const ms = (value: number | null): string => (value === null ? '' : durationText(value));
  const row = (side: 'live' | 'backtest'): readonly (string | number)[] => [
    side === 'live' ? 'live' : 'here',
    errors[side],
    cost[side]?.toFixed(4) ?? '',
    tokens[side]?.input ?? '',
    tokens[side]?.output ?? '',
    ms(runMs[side].p50),
    ms(runMs[side].p95),
  ];
  return renderTable(
    [{ title: '' }, right('failed'), right('USD'), right('tokens in'), right('tokens out'), right('run p50'), right('run p95')],
    [row('live'), row('backtest')],
  );
}

function nodeLine({ nodes: { performed, recorded, pinned } }: BacktestSummary): string | null {
  if (performed + recorded + pinned === 0) return null;
  return `nodes that ask: ${performed} performed, ${recorded} answered from the live runs, ${pinned} pinned`;
}

function accuracyText({ accuracy }: BacktestSummary): string | null {
  if (accuracy === null) return null;
  const { labelled, unlabelled, live, backtest, difference } = accuracy;
  const share = (value: number | null): string => (value === null ? 'not known' : percent(value));
  const points = (value: number | null): string => (value === null ? '?' : `${value > 0 ? '+' : ''}${(value * 100).toFixed(1)}`);
  const { estimate, low, high, p, test } = difference;
  return [
    `accuracy on ${labelled} labelled records${unlabelled === 0 ? '' : ` (${unlabelled} without a label)`}: live ${share(live.accuracy)}, here ${share(backtest.accuracy)}`,
    `difference ${points(estimate)} points, 95 % interval ${points(low)} to ${points(high)}${p === null ? '' : `, p ${p.toFixed(4)}`} (${test})`,
  ].join('\n');
}
