import type { Command } from 'commander';
import type { RedeliveredSink } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

const DEFAULT_LIMIT = 100;

/** Messages that were passed over: the list of them, and another try. */
export function addDeadDeliveries(outbox: Command, dispatch: Dispatch): void {
  addVerb(outbox, dispatch, {
    name: 'dead',
    summary: 'list the messages that were passed over, with the reason',
    options: [
      option('--sink <NAME>', 'of this sink only'),
      option('--limit <N>', 'at most so many', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: DEFAULT_LIMIT }),
    ],
    examples: ['riskflow outbox dead', 'riskflow outbox dead --sink enforcement --json'],
    action: list,
  });
  addVerb(outbox, dispatch, {
    name: 'redeliver',
    summary: 'try the messages again that were passed over, each once',
    options: [option('--sink <NAME>', 'of this sink only'), option('--message <ID>', 'only this one; `outbox dead` lists them')],
    examples: ['riskflow outbox redeliver --sink enforcement', 'riskflow outbox redeliver --sink enforcement --message 4f0c… --json'],
    notes: [
      'They come with the identity and the fields that they had, behind what was told of their keys since. What is refused again stays dead.',
      'A receiver that does not answer ends it. The exit code is 1 when some are dead still.',
    ],
    action: redeliver,
  });
}

async function list(session: Session, command: Command): Promise<number> {
  const { sink, limit = DEFAULT_LIMIT } = command.opts<{ readonly sink?: string; readonly limit?: number }>();
  return withApp(session, async ({ runtime, context }) => {
    const dead = await runtime.listDeadDeliveries(context, { limit, ...(sink === undefined ? {} : { sink }) });
    if (session.json) session.printJson({ dead: dead.map((each) => ({ ...each, at: isoTime(each.at) })) });
    else if (dead.length === 0) session.notice('no message was passed over');
    else {
      const columns = [
        { title: 'sink' },
        { title: 'message' },
        { title: 'n', align: 'right' },
        { title: 'passed over at' },
        { title: 'reason', atMost: 120 },
      ] as const;
      const rows = dead.map(({ sink: name, messageId, n, at, gaveUp, reason }) => [
        name,
        messageId,
        n,
        isoTime(at).slice(0, 19),
        `${gaveUp ? 'given up: ' : ''}${reason}`,
      ]);
      session.print(renderTable(columns, rows));
      session.notice('riskflow outbox redeliver tries them again');
    }
    return 0;
  });
}

const isoTime = (time: number): string => new Date(time).toISOString();

async function redeliver(session: Session, command: Command): Promise<number> {
  const { sink, message } = command.opts<{ readonly sink?: string; readonly message?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { signal, stopListening } = listenForInterruption(() => ({
      sentence: 'stopped; what was not delivered is still dead',
      hint: 'riskflow outbox redeliver tries it again',
    }));
    try {
      const sinks = await runtime.redeliverDead(context, {
        signal,
        onNotice: session.notice,
        ...(sink === undefined ? {} : { sink }),
        ...(message === undefined ? {} : { messageId: message }),
      });
      if (session.json) session.printJson({ sinks });
      else if (sinks.length === 0) session.notice('there are no sinks: write them under sinks: in riskflow.yml, as docs/outbox.md tells');
      else printRedelivered(session, sinks);
      return sinks.some(({ dead }) => dead > 0) ? 1 : 0;
    } finally {
      stopListening();
    }
  });
}

function printRedelivered(session: Session, sinks: readonly RedeliveredSink[]): void {
  const columns = [
    { title: 'sink' },
    { title: 'delivered', align: 'right' },
    { title: 'refused again', align: 'right' },
    { title: 'dead still', align: 'right' },
    { title: 'why', atMost: 120 },
  ] as const;
  const why = ({ reason, refused, erased }: RedeliveredSink): string =>
    [
      ...(reason === null ? [] : [reason]),
      ...(refused[0] === undefined ? [] : [refused[0].reason]),
      ...(erased === 0 ? [] : [`${erased} were erased`]),
    ].join('; ');
  session.print(
    renderTable(
      columns,
      sinks.map((each) => [each.sink, each.delivered, each.refused.length, each.dead, why(each)]),
    ),
  );
}
