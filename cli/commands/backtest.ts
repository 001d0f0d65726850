import type { Command } from 'commander';
import type { BacktestSummary } from '../../runtime/index.ts';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { findFlow, readFlowFile } from '../flow-reference.ts';
import { listenForInterruption } from '../interruption.ts';
import { wholeNumber } from '../options/numbers.ts';
import { checkPins, pinsOf, readPins } from '../options/pins.ts';
import { hasRange, rangeOf, rangeOptions, type RangeOptions } from '../options/record-range.ts';
import { concurrencyOption, pinOption } from '../options/shared.ts';
import { backtestDocument, renderBacktest } from '../output/backtest-text.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session, type Work } from '../session.ts';

const MOST = 1_000_000_000;
const SOURCE = 'name of the source';

export function addBacktestCommands(program: Command, dispatch: Dispatch): void {
  const backtest = addNoun(program, 'backtest', 'decide records of a source again by another version, and compare');
  addVerb(backtest, dispatch, {
    name: 'run <SOURCE>',
    isDefault: true,
    summary: 'decide records again beside what was decided: no decision changes, nothing is told outside',
    args: { SOURCE },
    options: [
      option('--flow <FLOW>', 'what is tried: a Dify DSL file, or FLOW[:VERSION] of a published flow'),
      ...rangeOptions(),
      pinOption(),
      option('--recorded', 'nodes that ask what the live run asked get the answer that it got, and nothing is asked again'),
      option('--label <FIELD>', 'field or path of the records that says what they truly are; then both accuracies are told'),
      concurrencyOption('calls in flight at a time (default: as the settings of the source say)'),
      option('--resume <N>', 'go on with backtest N, which was interrupted', { read: wholeNumber('--resume', { min: 1, max: MOST }) }),
    ],
    examples: [
      'riskflow backtest run reports --flow triage-v2.yml',
      'riskflow backtest run reports --flow triage:1f0c22 --from 2026-11-20 --to 2026-11-21 --label verdict --json',
      'riskflow backtest run reports --flow triage-v2.yml --recorded --pin pins.json --arrivals 1..5000',
      'riskflow backtest run reports --resume 3',
    ],
    notes: ['`riskflow backtest reports --flow FLOW` is the same. What it costs counts for itself: decide.backtestBudget of the source.'],
    action: run,
  });
  addVerb(backtest, dispatch, {
    name: 'list <SOURCE>',
    summary: 'list the backtests of a source',
    args: { SOURCE },
    examples: ['riskflow backtest list reports', 'riskflow backtest list reports --json'],
    action: list,
  });
  addVerb(backtest, dispatch, {
    name: 'show <SOURCE> <N>',
    summary: 'print what a backtest found, as it stands',
    args: { SOURCE, N: 'number of the backtest; `backtest list` prints them' },
    examples: ['riskflow backtest show reports 3', 'riskflow backtest show reports 3 --json'],
    action: show,
  });
}

type RunOptions = RangeOptions & {
  readonly flow?: string;
  readonly pin?: string;
  readonly recorded?: boolean;
  readonly label?: string;
  readonly concurrency?: number;
  readonly resume?: number;
};

async function run(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const options = command.opts<RunOptions>();
  checkOptions(options);
  const pins = options.pin === undefined ? {} : await readPins(session.terminal, options.pin);
  const range = rangeOf(options);
  const file = options.flow === undefined ? undefined : await readFlowFile(options.flow);
  let number = options.resume;
  const interruption = listenForInterruption(() =>
    number === undefined
      ? { sentence: 'the backtest was interrupted before it began', hint: 'run it again' }
      : {
          sentence: `backtest ${number} of source ${sourceId} was interrupted; what is decided is stored`,
          hint: `go on with: riskflow backtest run ${sourceId} --resume ${number}`,
        },
  );
  const watch = {
    signal: interruption.signal,
    onProgress: session.onProgress,
    onStarted: ({ backtest, flow, flowVersion }: { readonly backtest: number; readonly flow: string; readonly flowVersion: string }) => {
      number = backtest;
      session.notice(
        `backtest ${backtest} of source ${sourceId} by ${flow} version ${flowVersion.slice(0, 12)}; if it is interrupted: riskflow backtest run ${sourceId} --resume ${backtest}`,
      );
    },
  };
  const concurrency = options.concurrency === undefined ? {} : { concurrency: options.concurrency };
  try {
    return await withApp(session, async (work) => {
      const { runtime, context } = work;
      const { resume, flow } = options;
      if (resume !== undefined)
        return tell(session, await runtime.resumeBacktest(context, { sourceId, backtest: resume, ...concurrency }, watch));
      const found = file ?? (await findFlow(work, flow ?? ''));
      checkPins(pins, found.nodes);
      for (const warning of found.warnings) session.warn(warning);
      const summary = await runtime.runBacktest(
        context,
        {
          sourceId,
          flow: flow ?? '',
          range,
          pins: pinsOf(found.nodes, pins),
          recorded: options.recorded === true,
          ...concurrency,
          ...(options.label === undefined ? {} : { label: options.label }),
        },
        watch,
      );
      return tell(session, summary);
    });
  } finally {
    interruption.stopListening();
  }
}

function checkOptions(options: RunOptions): void {
  const { flow, resume, pin, recorded, label } = options;
  const usage = (message: string, hint: string): RiskflowError => new RiskflowError('usage', message, { hint });
  if (resume === undefined && flow === undefined)
    throw usage('backtest run: the option --flow <FLOW> is required', 'riskflow backtest run --help tells more');
  if (resume === undefined) return;
  if (flow !== undefined || pin !== undefined || recorded !== undefined || label !== undefined || hasRange(options))
    throw usage('backtest run: --resume goes on with what was begun, so nothing else can be said', 'only --concurrency goes with it');
}

function tell(session: Session, summary: BacktestSummary): number {
  if (summary.missing !== null) session.warn(summary.missing);
  if (session.json) session.printJson(backtestDocument(summary));
  else session.print(renderBacktest(summary, session.style));
  return 0;
}

function show(session: Session, command: Command): Promise<number> {
  const [sourceId = '', text = ''] = command.args;
  const n = wholeNumber('N', { min: 1, max: MOST })(text);
  return withApp(session, async ({ runtime, context }: Work) => tell(session, await runtime.showBacktest(context, sourceId, n)));
}

function list(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const backtests = await runtime.listBacktests(context, sourceId);
    if (session.json) {
      const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
      session.printJson({
        sourceId,
        backtests: backtests.map((each) => ({ ...each, startedAt: time(each.startedAt), finishedAt: time(each.finishedAt) })),
      });
    } else if (backtests.length === 0) session.notice(`there is no backtest yet: riskflow backtest run ${sourceId} --flow FLOW`);
    else {
      const count = (title: string) => ({ title, align: 'right' }) as const;
      session.print(
        renderTable(
          [
            count('n'),
            { title: 'flow' },
            { title: 'status' },
            count('records'),
            count('agree'),
            count('differ'),
            count('failed'),
            { title: 'started' },
          ],
          backtests.map(({ backtest, flow, flowVersion, status, records, agree, differ, failed, startedAt }) => [
            backtest,
            `${flow} ${flowVersion.slice(0, 12)}`,
            status,
            records ?? '',
            agree ?? '',
            differ ?? '',
            failed ?? '',
            new Date(startedAt).toISOString().slice(0, 19),
          ]),
        ),
      );
    }
    return 0;
  });
}
