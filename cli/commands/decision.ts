import type { Command } from 'commander';
import type { Decision } from '../../runtime/index.ts';
import { fromPlain, toJsonText, type Value } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { pageOf, pageOptions, tellOfMore } from '../options/pages.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';
import { addDecisionComparison } from './decision-compare.ts';

const MODES = ['live', 'shadow', 'backtest'] as const;

export function addDecisionCommands(program: Command, dispatch: Dispatch): void {
  const decision = addNoun(program, 'decision', 'look at what was decided about records');
  addVerb(decision, dispatch, {
    name: 'list',
    summary: 'list decisions in the order in which they were made',
    options: [...pageOptions('number (n)'), option('--mode <MODE>', 'only live ones, or those of shadow or backtest').choices(MODES)],
    examples: [
      'riskflow decision list --source reports --limit 20',
      'riskflow decision list --after 1200 --json',
      'riskflow decision list --source reports --mode shadow',
    ],
    action: list,
  });
  addVerb(decision, dispatch, {
    name: 'show <DECISION>',
    summary: 'print all that is known of a decision',
    args: { DECISION: 'its id (decision list --json), or its number n' },
    examples: ['riskflow decision show 1200', 'riskflow decision show 4f0c… --json'],
    action: show,
  });
  addDecisionComparison(decision, dispatch);
}

const asValue = ({ outputs, ...rest }: Decision): Value =>
  new Map([...Object.entries(rest).map(([key, value]): [string, Value] => [key, fromPlain(value)]), ['outputs', outputs]]);

async function list(session: Session, command: Command): Promise<number> {
  const page = pageOf(command);
  const { mode } = command.opts<{ mode?: (typeof MODES)[number] }>();
  return withApp(session, async ({ runtime, context }) => {
    const decisions = await runtime.listDecisions(context, { ...page, ...(mode === undefined ? {} : { mode }) });
    if (session.json) {
      session.print(toJsonText(new Map([['decisions', decisions.map(asValue)]]), 2));
      return 0;
    }
    if (decisions.length === 0) session.notice('nothing is decided yet: riskflow source start ID');
    else session.print(decisionTable(decisions));
    tellOfMore(session, page.limit, decisions);
    return 0;
  });
}

const decisionTable = (decisions: readonly Decision[]): string =>
  renderTable(
    [
      { title: 'n', align: 'right' },
      { title: 'source' },
      { title: 'record', atMost: 40 },
      { title: 'by' },
      { title: 'status' },
      { title: 'label' },
      { title: 'action' },
      { title: 'error' },
    ],
    decisions.map(({ n, sourceId, recordKey, recordId, stage, mode, status, label, action, error }) => [
      n,
      sourceId,
      recordKey ?? recordId,
      stage ?? mode,
      status,
      label ?? '',
      action ?? '',
      error ?? '',
    ]),
  );

async function show(session: Session, command: Command): Promise<number> {
  const [id = ''] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const decision = await runtime.showDecision(context, id);
    session.print(toJsonText(asValue(decision), 2));
    return 0;
  });
}
