import type { Kafka } from 'kafkajs';
import { messageOf, RiskflowError, type ConnectorHost, type KafkaConnectorSettings, type SourceConnector } from '../../schemas/index.ts';
import { createRecordDecoder } from '../formats/record-decoder.ts';
import { backOff, pause } from './alive.ts';
import { ConsumerSession, type SessionParts } from './consumer-session.ts';
import { createKafkaClient, type KafkaLog } from './kafka-client.ts';
import { CONSUMER_TASK, TIMING, groupOf, taskReporter, type KafkaConnectorDeps } from './kafka-settings.ts';
import { lastingTrouble, typesOf } from './kafka-trouble.ts';
import { readBounds } from './topic-bounds.ts';

/** A life of at least so long, in milliseconds, makes the next trouble count as the first. */
const STEADY_MS = 60_000;
/** Who asks for the ends is told what is waited for when it takes so long, in milliseconds. */
const TELL_MS = 1_000;

/**
 * Reads topics of Kafka as a member of a consumer group. Brokers that are away, topics that are not there yet and crashes of the client are
 * waited for, and reported; a password, a certificate or a right that is wrong makes `run` reject.
 */
export function createKafkaConnector(settings: KafkaConnectorSettings, deps: KafkaConnectorDeps): SourceConnector {
  let trouble: string | undefined;
  const onLog: KafkaConnectorDeps['onLog'] = (entry) => {
    trouble = connectionTrouble(entry) ?? trouble;
    deps.onLog(entry);
  };
  const kafka = createKafkaClient(settings, { clientId: 'riskflow', secrets: deps.secrets, onLog });
  const sayAway = (): string =>
    `Kafka at ${settings.brokers.join(', ')} has not answered yet${trouble === undefined ? '' : ` (${trouble})`}: it is waited for`;
  const closed = new AbortController();
  return {
    run: (host) => runConsumer(settings, deps, { kafka, sayAway, host: endedAlsoBy(host, closed.signal) }),
    ends: async (signal) => {
      signal.throwIfAborted();
      const late = setTimeout(() => deps.onLog({ level: 'warn', message: sayAway() }), TELL_MS);
      const asked = readBounds(kafka, settings.topics).catch((error: unknown) => {
        const hint = 'see that the brokers run, that brokers names them, and that the topics are there';
        throw lastingTrouble(error, settings) ?? new RiskflowError('failed', sayTrouble(error, settings), { hint, cause: error });
      });
      return Promise.race([asked, rejectOn(signal)]).finally(() => clearTimeout(late));
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
  idle: () => host.idle(),
  notice: (sentence) => host.notice(sentence),
});

const rejectOn = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')), { once: true });
  });

async function runConsumer(
  settings: KafkaConnectorSettings,
  deps: KafkaConnectorDeps,
  { kafka, sayAway, host }: { readonly kafka: Kafka; readonly sayAway: () => string; readonly host: ConnectorHost },
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
    // Later what failed is said already.
    const session = new ConsumerSession(failures === 0 ? { ...parts, sayAway } : parts);
    const end = await session.run();
    if (end.kind === 'asked') break;
    const lasting = end.kind === 'failed' ? end.error : lastingTrouble(end.error, settings);
    const why = lasting === undefined ? sayTrouble(end.error, settings) : messageOf(lasting);
    if (lasting !== undefined) {
      parts.report({ task: CONSUMER_TASK, state: 'failed', trace: why });
      throw lasting instanceof Error ? lasting : new Error(why, { cause: lasting });
    }
    failures = session.joined && performance.now() - began > STEADY_MS ? 1 : failures + 1;
    parts.report({ task: CONSUMER_TASK, state: 'failed', trace: `${why}; the next try is in ${backOff(failures) / 1000} s` });
    await pause(backOff(failures), host.signal);
  }
  parts.report({ task: CONSUMER_TASK, state: 'stopped', trace: null });
}

/** What kafkajs logs about a connection that does not come about. */
const connectionTrouble = ({ message }: KafkaLog): string | undefined =>
  /^Connection: (?:Connection error: )?(.*?)(?: \(broker .*)?$/.exec(message)?.[1];

function sayTrouble(error: unknown, { brokers, topics }: KafkaConnectorSettings): string {
  const where = `Kafka at ${brokers.join(', ')}`;
  if (typesOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) return `${where} has no topic ${topics.join(' or ')} yet: it is waited for`;
  return `${where} does not serve us: ${messageOf(error)}`;
}
