import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { readMoment } from '../options/durations.ts';
import { wholeNumber } from '../options/numbers.ts';
import { BY, readMinutes } from '../options/trend-options.ts';
import { withApp, type Session } from '../session.ts';
import { DEFAULT_ALERTS, listAlerts } from './trend-alerts.ts';
import { DEFAULT_TOP, showTrends } from './trend-show.ts';

const source = { SOURCE: 'the name of a source whose settings have `trends`' };

export function addTrendCommands(program: Command, dispatch: Dispatch): void {
  const trend = addNoun(program, 'trend', 'look at counts of records over time, and at alerts of spikes');
  addVerb(trend, dispatch, {
    name: 'show <SOURCE>',
    summary: 'print the counts of a window beside the windows before it, and a plot',
    args: source,
    options: [
      option('--by <WHAT>', `count together: ${BY.join(', ')}`, { standard: 'category' }),
      option(
        '--window <SPAN>',
        'length of the window, in whole minutes (default: that of the first rule which counts the same way, else 15m)',
      ),
      option('--last <SPAN>', 'the time that is plotted', { standard: '6h' }),
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
    action: showTrends,
  });
  addVerb(trend, dispatch, {
    name: 'alerts [SOURCE]',
    summary: 'list alerts, newest first',
    args: { SOURCE: 'the name of a source (default: all)' },
    options: [
      option('--open', 'those in force only'),
      option('--limit <N>', 'at most so many', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: DEFAULT_ALERTS }),
      option('--before <N>', 'those raised before this number (n)', {
        read: wholeNumber('--before', { min: 1, max: Number.MAX_SAFE_INTEGER }),
      }),
    ],
    examples: ['riskflow trend alerts', 'riskflow trend alerts reports --open --json'],
    action: listAlerts,
  });
  addVerb(trend, dispatch, {
    name: 'window <SOURCE>',
    summary: 'print what a flow gets as its input `window`',
    args: source,
    options: [
      option('--alert <ID>', 'the window of this alert, and what it is about'),
      option('--window <SPAN>', 'length of the window, in whole minutes', { standard: '15m' }),
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

type WindowOptions = { readonly alert?: string; readonly window?: string; readonly to?: string; readonly inputs?: boolean };

const window = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const { alert, window: span, to, inputs = false } = command.opts<WindowOptions>();
    const windowMinutes = span === undefined ? undefined : readMinutes('--window', span);
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
