import type { Command } from 'commander';
import { fromPlain, toJsonText, type Value } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

const DEFAULT_LIMIT = 100;

const pageOptions = (place: string) => [
  option('--source <ID>', 'of this source only'),
  option('--limit <N>', 'at most so many', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: DEFAULT_LIMIT }),
  option('--after <N>', `those that come after this ${place}`, {
    read: wholeNumber('--after', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    standard: 0,
  }),
];

type PageOptions = { readonly source?: string; readonly limit?: number; readonly after?: number };

function pageOf(command: Command): { readonly sourceId?: string; readonly limit: number; readonly after: number } {
  const { source, limit = DEFAULT_LIMIT, after = 0 } = command.opts<PageOptions>();
  return { limit, after, ...(source === undefined ? {} : { sourceId: source }) };
}

export function addDecisionCommands(program: Command, dispatch: Dispatch): void {
  const decision = addNoun(program, 'decision', 'look at what was decided about records');
  addVerb(decision, dispatch, {
    name: 'list',
    summary: 'list decisions in the order in which they were made',
    options: pageOptions('number (n)'),
    examples: ['riskflow decision list --source reports --limit 20', 'riskflow decision list --after 1200 --json'],
    action: listDecisions,
  });
}

export function addDeadletterCommands(program: Command, dispatch: Dispatch): void {
  const deadletter = addNoun(program, 'deadletter', 'look at records that could not be read');
  addVerb(deadletter, dispatch, {
    name: 'list',
    summary: 'list dead letters with the reason and their beginning',
    options: pageOptions('id'),
    examples: ['riskflow deadletter list', 'riskflow deadletter list --source reports --json'],
    action: listDeadLetters,
  });
}

async function listDecisions(session: Session, command: Command): Promise<number> {
  const page = pageOf(command);
  return withApp(session, async ({ runtime, context }) => {
    const decisions = await runtime.listDecisions(context, page);
    if (session.json) {
      const shown = decisions.map(
        ({ outputs, ...rest }): Value =>
          new Map([...Object.entries(rest).map(([key, value]): [string, Value] => [key, fromPlain(value)]), ['outputs', outputs]]),
      );
      session.print(toJsonText(new Map([['decisions', shown]]), 2));
      return 0;
    }
    if (decisions.length === 0) session.notice('nothing is decided yet: riskflow source start ID');
    else {
      const rows = decisions.map(({ n, sourceId, recordKey, recordId, status, label, error }) => [
        n,
        sourceId,
        recordKey ?? recordId,
        status,
        label ?? '',
        error ?? '',
      ]);
      session.print(
        renderTable(
          [
            { title: 'n', align: 'right' },
            { title: 'source' },
            { title: 'record', atMost: 40 },
            { title: 'status' },
            { title: 'label' },
            { title: 'error' },
          ],
          rows,
        ),
      );
    }
    tellOfMore(session, page.limit, decisions);
    return 0;
  });
}

function tellOfMore(session: Session, limit: number, items: readonly { readonly n: number }[]): void {
  const last = items.at(-1);
  if (last !== undefined && items.length === limit) session.notice(`there may be more: --after ${last.n}`);
}

async function listDeadLetters(session: Session, command: Command): Promise<number> {
  const page = pageOf(command);
  return withApp(session, async ({ runtime, context }) => {
    const letters = await runtime.listDeadLetters(context, page);
    if (session.json)
      session.printJson({ deadLetters: letters.map((letter) => ({ ...letter, receivedAt: new Date(letter.receivedAt).toISOString() })) });
    else if (letters.length === 0) session.notice('there are no dead letters');
    else {
      const rows = letters.map(({ id, sourceId, offset, reason, text }) => [id, sourceId, offset, reason, text]);
      session.print(
        renderTable(
          [
            { title: 'id', align: 'right' },
            { title: 'source' },
            { title: 'at byte', align: 'right' },
            { title: 'reason', atMost: 80 },
            { title: 'begins with' },
          ],
          rows,
        ),
      );
    }
    tellOfMore(
      session,
      page.limit,
      letters.map(({ id }) => ({ n: id })),
    );
    return 0;
  });
}
