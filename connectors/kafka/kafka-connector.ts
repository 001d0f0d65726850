import type { Kafka } from 'kafkajs';
import { messageOf, type ConnectorHost, type KafkaConnectorSettings, type SourceConnector } from '../../schemas/index.ts';
import { createRecordDecoder } from '../formats/record-decoder.ts';
import { backOff, pause } from './alive.ts';
import { ConsumerSession, type SessionParts } from './consumer-session.ts';
import { createKafkaClient } from './kafka-client.ts';
import { CONSUMER_TASK, TIMING, groupOf, taskReporter, type KafkaConnectorDeps } from './kafka-settings.ts';
import { lastingTrouble, typesOf } from './kafka-trouble.ts';
import { readBounds } from './topic-bounds.ts';

/** A life of at least so long, in milliseconds, makes the next trouble count as the first. */
const STEADY_MS = 60_000;

/**
 * Reads topics of Kafka as a member of a consumer group. Brokers that are away, topics that are not there yet and crashes of the client are
 * waited for, and reported; a password, a certificate or a right that is wrong makes `run` reject.
 */
export function createKafkaConnector(settings: KafkaConnectorSettings, deps: KafkaConnectorDeps): SourceConnector {
  const kafka = createKafkaClient(settings, { clientId: 'riskflow', secrets: deps.secrets, onLog: deps.onLog });
  const closed = new AbortController();
  return {
    run: (host) => runConsumer(settings, deps, { kafka, host: endedAlsoBy(host, closed.signal) }),
    ends: async (signal) => {
      signal.throwIfAborted();
      const asked = readBounds(kafka, settings.topics).catch((error: unknown) => {
        throw lastingTrouble(error, settings) ?? error;
      });
      return Promise.race([asked, rejectOn(signal)]);
    },
    close: () => {
      closed.abort();
      return Promise.resolve();
    },
  };
}

const endedAlsoBy = (host: ConnectorHost, signal: AbortSignal): ConnectorHost => ({
  signal: AbortSignal.any([host.signal, signal]),
  begin: (partition, bounds) => host.begin(partition, bounds),
  deliver: (chunk, from) => host.deliver(chunk, from),
  hasRoom: () => host.hasRoom(),
  untilRoom: (until) => host.untilRoom(until),
  report: (task) => host.report(task),
  notice: (sentence) => host.notice(sentence),
});

const rejectOn = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')), { once: true });
  });

async function runConsumer(
  settings: KafkaConnectorSettings,
  deps: KafkaConnectorDeps,
  { kafka, host }: { readonly kafka: Kafka; readonly host: ConnectorHost },
): Promise<void> {
  const parts: SessionParts = {
    kafka,
    group: groupOf(settings, deps.name),
    settings,
    decoder: createRecordDecoder(settings.format, deps.registry),
    host,
    report: taskReporter(host),
    timing: { ...TIMING, ...deps.timing },
    onLog: deps.onLog,
  };
  for (let failures = 0; !host.signal.aborted;) {
    const began = performance.now();
    const session = new ConsumerSession(parts);
    const end = await session.run();
    if (end.kind === 'asked') break;
    const lasting = end.kind === 'failed' ? end.error : lastingTrouble(end.error, settings);
    const why = lasting === undefined ? sayTrouble(end.error, settings) : messageOf(lasting);
    parts.report({ task: CONSUMER_TASK, state: 'failed', trace: why });
    if (lasting !== undefined) throw lasting instanceof Error ? lasting : new Error(why, { cause: lasting });
    failures = session.joined && performance.now() - began > STEADY_MS ? 1 : failures + 1;
    deps.onLog({ level: 'warn', message: `${why}; the next try is in ${backOff(failures) / 1000} s` });
    await pause(backOff(failures), host.signal);
  }
  parts.report({ task: CONSUMER_TASK, state: 'stopped', trace: null });
}

function sayTrouble(error: unknown, { brokers, topics }: KafkaConnectorSettings): string {
  const where = `Kafka at ${brokers.join(', ')}`;
  if (typesOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) return `${where} has no topic ${topics.join(' or ')} yet: it is waited for`;
  return `${where} does not serve us: ${messageOf(error)}`;
}
