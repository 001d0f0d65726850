import type { Command } from 'commander';
import type { Comparison } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { wholeNumber } from '../options/numbers.ts';
import { metTable } from '../output/backtest-text.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

const DEFAULT_LIMIT = 20;

export function addDecisionComparison(decision: Command, dispatch: Dispatch): void {
  addVerb(decision, dispatch, {
    name: 'compare <SOURCE>',
    summary: 'print how far a shadow or a backtest agrees with what was decided',
    args: { SOURCE: 'name of the source' },
    options: [
      option('--mode <MODE>', 'what is held against the live decisions: shadow (default) or backtest').choices(['shadow', 'backtest']),
      option('--replay <N>', 'of backtest N (default: the last one)', { read: wholeNumber('--replay', { min: 1, max: 1_000_000_000 }) }),
      option('--limit <N>', 'disagreements that are listed, the last ones', {
        read: wholeNumber('--limit', { min: 0, max: 10_000 }),
        standard: DEFAULT_LIMIT,
      }),
    ],
    examples: ['riskflow decision compare reports', 'riskflow decision compare reports --mode backtest --replay 3 --json'],
    action: compare,
  });
}

type CompareOptions = { readonly mode?: 'shadow' | 'backtest'; readonly replay?: number; readonly limit?: number };

async function compare(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { mode = 'shadow', replay, limit = DEFAULT_LIMIT } = command.opts<CompareOptions>();
  return withApp(session, async ({ runtime, context }) => {
    const found = await runtime.compareDecisions(context, { sourceId, mode, limit, ...(replay === undefined ? {} : { replay }) });
    if (session.json) session.printJson(found);
    else if (found.compared === 0)
      session.notice(
        `nothing of source ${sourceId} was compared yet: ${mode === 'shadow' ? `riskflow flow promote FLOW --source ${sourceId} --to shadow` : `riskflow backtest show ${sourceId} ${found.replay}`}`,
      );
    else session.print(textOf(found));
    return 0;
  });
}

function textOf({ sourceId, mode, replay, compared, agree, differ, labels, disagreements }: Comparison): string {
  const what = mode === 'shadow' ? 'the shadow' : `backtest ${replay}`;
  const versions = [...new Set(labels.map(({ flow, flowVersion }) => `${flow} ${flowVersion.slice(0, 12)}`))];
  const tables = versions.map((version) => {
    const met = labels.filter(({ flow, flowVersion }) => `${flow} ${flowVersion.slice(0, 12)}` === version);
    return `${version}\n${
      metTable(
        'label',
        met.map(({ againstLabel, label, count }) => ({ live: againstLabel, backtest: label, count })),
      ) ?? ''
    }`;
  });
  const said = (label: string | null, action: string | null): string =>
    [label ?? '(none)', ...(action === null ? [] : [action])].join(' / ');
  const list = renderTable(
    [{ title: 'record', atMost: 40 }, { title: 'live' }, { title: mode }],
    disagreements.map(({ recordKey, recordId, against, label, action }) => [
      recordKey ?? recordId,
      said(against.label, against.action),
      said(label, action),
    ]),
  );
  return [
    `${what} of source ${sourceId}: ${compared} compared, ${agree} agree, ${differ} do not (${((agree / compared) * 100).toFixed(1)} % agree)`,
    ...tables,
    ...(disagreements.length === 0 ? [] : [list]),
  ].join('\n\n');
}
