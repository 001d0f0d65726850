import type { Command } from 'commander';
import type { DeliveredSink, OutboxStatus, PartStatus, SinkStatus } from '../../runtime/index.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { durationText } from '../output/duration.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';
import { addDeadDeliveries } from './outbox-dead.ts';
import { outboxTeller } from './outbox-news.ts';

export function addOutboxCommands(program: Command, dispatch: Dispatch): void {
  const outbox = addNoun(program, 'outbox', 'look after the decisions and alerts that go to Kafka and webhooks');
  addVerb(outbox, dispatch, {
    name: 'status',
    summary: 'print how far each sink is, what waits for it, and what went wrong last',
    examples: ['riskflow outbox status', 'riskflow outbox status --json'],
    notes: [
      'Sinks stand under `sinks:` in the configuration file. Each is told in parts, by a hash of the key; a part that fails waits alone.',
    ],
    action: status,
  });
  addVerb(outbox, dispatch, {
    name: 'deliver',
    summary: 'send everything that is due now, and end',
    options: [option('--sink <NAME>', 'to this sink only')],
    examples: ['riskflow outbox deliver', 'riskflow outbox deliver --sink hooks --json'],
    notes: ['What fails is not tried again here: it stays due, and the exit code is 1. `riskflow start` sends all the time.'],
    action: deliver,
  });
  addDeadDeliveries(outbox, dispatch);
}

async function status(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const found = await runtime.outboxStatus(context);
    if (session.json) session.printJson(documentOf(found));
    else if (found.sinks.length === 0)
      session.notice('there are no sinks: write them under sinks: in riskflow.yml, as docs/outbox.md tells');
    else printStatus(session, found, context.now());
    return 0;
  });
}

const COLUMNS = [
  { title: 'sink' },
  { title: 'part', align: 'right' },
  { title: 'sent up to', align: 'right' },
  { title: 'due', align: 'right' },
  { title: 'waiting for' },
  { title: 'sent by' },
  { title: 'last error', atMost: 100 },
] as const;

function printStatus(session: Session, { head, sinks }: OutboxStatus, now: number): void {
  const rows = sinks.flatMap(({ sink, parts }) =>
    parts.map((part) => [
      sink,
      part.part,
      part.sentUpTo === null ? 'not begun' : `${part.sentUpTo} of ${head}`,
      `${part.due}${part.dueIsMore ? '+' : ''}`,
      part.waitsSince === null ? '' : durationText(Math.max(0, now - part.waitsSince)),
      part.heldBy === null ? '' : `process ${part.heldBy.pid} on ${part.heldBy.host}`,
      errorText(part),
    ]),
  );
  session.print(renderTable(COLUMNS, rows));
  for (const { sink, refused, lastRefused } of sinks) {
    if (lastRefused === null) continue;
    const { messageId, reason, gaveUp, at } = lastRefused;
    const many = refused === 1 ? 'one message was' : `${refused} messages were`;
    session.warn(
      `${sink}: ${many} passed over, the last (${messageId}) at ${timeText(at)}${gaveUp ? ' after many tries' : ''}: ${reason}; riskflow outbox dead lists them`,
    );
  }
}

const errorText = ({ lastError }: PartStatus): string =>
  lastError === null ? '' : `${lastError.stillSo ? '' : '(over) '}${timeText(lastError.at)} ${lastError.error}`;
const timeText = (time: number): string => `${isoTime(time).slice(0, 19).replace('T', ' ')} UTC`;
const isoTime = (time: number): string => new Date(time).toISOString();

const documentOf = ({ head, sinks }: OutboxStatus): unknown => ({ head, sinks: sinks.map(sinkDocument) });
const sinkDocument = ({ lastRefused, parts, ...sink }: SinkStatus): unknown => ({
  ...sink,
  lastRefused: lastRefused && { ...lastRefused, at: isoTime(lastRefused.at) },
  parts: parts.map(({ waitsSince, lastError, ...part }) => ({
    ...part,
    waitsSince: waitsSince === null ? null : isoTime(waitsSince),
    lastError: lastError && { ...lastError, at: isoTime(lastError.at) },
  })),
});

async function deliver(session: Session, command: Command): Promise<number> {
  const { sink } = command.opts<{ readonly sink?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { signal, stopListening } = listenForInterruption(() => ({
      sentence: 'stopped; what was not sent is still due',
      hint: 'riskflow outbox deliver sends it',
    }));
    try {
      const options = { signal, onNews: outboxTeller(session), onNotice: session.notice, ...(sink === undefined ? {} : { sink }) };
      const sinks = await runtime.deliverDue(context, options);
      if (session.json) session.printJson({ sinks });
      else if (sinks.length === 0) session.notice('there are no sinks: write them under sinks: in riskflow.yml, as docs/outbox.md tells');
      else printDelivered(session, sinks);
      return sinks.some(({ left }) => left.length > 0) ? 1 : 0;
    } finally {
      stopListening();
    }
  });
}

function printDelivered(session: Session, sinks: readonly DeliveredSink[]): void {
  const columns = [
    { title: 'sink' },
    { title: 'sent', align: 'right' },
    { title: 'passed over', align: 'right' },
    { title: 'left', atMost: 120 },
  ] as const;
  const leftText = ({ left }: DeliveredSink): string =>
    left.length === 0 ? '' : `${left.length === 1 ? 'a part' : `${left.length} parts`}: ${left[0]?.reason ?? ''}`;
  const rows = sinks.map((each) => [each.sink, each.delivered, each.refused, leftText(each)]);
  session.print(renderTable(columns, rows));
}
