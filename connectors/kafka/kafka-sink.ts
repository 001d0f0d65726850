import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka, Message, Producer } from 'kafkajs';
import {
  ErrorCode,
  RiskflowError,
  messageOf,
  type KafkaSinkSettings,
  type OutgoingMessage,
  type RefusedMessage,
  type Sink,
} from '../../schemas/index.ts';
import type { RegistrySecrets } from '../formats/registry-client.ts';
import { createKafkaClient, type KafkaLog, type KafkaSecrets } from './kafka-client.ts';
import { lastingTrouble, typesOf } from './kafka-trouble.ts';
import { createMessageEncoder, type MessageEncoder, type MessageSchemas } from './message-encoder.ts';

/** What a sink needs besides its settings. Secrets come resolved. */
export type KafkaSinkDeps = {
  readonly secrets: KafkaSecrets;
  /** Of the registry, where the format is Avro. */
  readonly registry?: RegistrySecrets | undefined;
  /** The Avro schemas of what is sent, where the format is Avro. */
  readonly schemas?: MessageSchemas | undefined;
  readonly onLog: (entry: KafkaLog) => void;
};

/** A request holds what a broker takes as one batch under its defaults (1 MiB), with room for headers. */
const REQUEST_BYTES = 512 * 1024;
const REQUEST_MESSAGES = 1_000;
const CLOSE_LIMIT_MS = 5_000;
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];

/**
 * Sends to a topic by an idempotent producer, all replicas acknowledging, one request at a time: the order stays and a retry makes nothing
 * twice while the producer lives. When it cannot go on it is replaced, and `send` rejects (`busy`): what is sent again then may be there
 * already, with the same `decision-id`.
 */
export function createKafkaSink(settings: KafkaSinkSettings, deps: KafkaSinkDeps): Sink {
  const kafka = createKafkaClient(settings, { clientId: 'riskflow', secrets: deps.secrets, onLog: deps.onLog });
  const encode = createMessageEncoder(settings, { secrets: deps.registry ?? {}, schemas: deps.schemas ?? {} });
  const producers = keepProducer(kafka);
  return {
    send: async (messages, signal) => {
      signal.throwIfAborted();
      const { ready, refused } = await encodeAll(messages, encode);
      const sent = sendRequests(producers, ready, { topic: settings.topic, signal });
      try {
        return [...refused, ...(await orAborted(sent, signal))];
      } catch (error) {
        const dropped = producers.drop(sent);
        signal.throwIfAborted();
        await dropped;
        throw lastingTrouble(error, settings) ?? passing(error, settings);
      }
    },
    close: async () => {
      await Promise.race([producers.drop(), delay(CLOSE_LIMIT_MS, undefined, { ref: false })]);
    },
  };
}

async function encodeAll(
  messages: readonly OutgoingMessage[],
  encode: MessageEncoder,
): Promise<{ readonly ready: readonly ReadyMessage[]; readonly refused: readonly RefusedMessage[] }> {
  const ready: ReadyMessage[] = [];
  const refused: RefusedMessage[] = [];
  for (const message of messages) {
    const encoded = await encode(message);
    if (encoded.ok) ready.push({ id: message.id, size: encoded.bytes.length, message: toKafka(message, encoded.bytes) });
    else refused.push({ id: message.id, reason: encoded.reason });
  }
  return { ready, refused };
}

async function sendRequests(
  producers: ProducerKeeper,
  ready: readonly ReadyMessage[],
  { topic, signal }: { readonly topic: string; readonly signal: AbortSignal },
): Promise<readonly RefusedMessage[]> {
  const refused: RefusedMessage[] = [];
  for (const request of requestsOf(ready)) {
    signal.throwIfAborted();
    refused.push(...(await sendAll(await producers.get(), topic, request)));
  }
  return refused;
}

type ReadyMessage = { readonly id: string; readonly size: number; readonly message: Message };

const toKafka = ({ id, type, key, at }: OutgoingMessage, bytes: Buffer): Message => ({
  key,
  value: bytes,
  headers: { [type === 'alert' ? 'alert-id' : 'decision-id']: id, type },
  timestamp: String(at),
});

type ProducerKeeper = {
  get(): Promise<Producer>;
  /** Forgets the producer, and closes it when `last`, its last request, has ended: kafkajs would connect again to try once more. */
  drop(last?: Promise<unknown>): Promise<void>;
};

/** Makes a producer when one is needed, after the one before it can send nothing any more. */
function keepProducer(kafka: Kafka): ProducerKeeper {
  let current: Producer | undefined;
  let dropped = Promise.resolve();
  return {
    get: async () => {
      await dropped;
      if (current !== undefined) return current;
      // As long as it tries by itself it knows what was taken; about half a minute is a broker's restart.
      const retry = { initialRetryTime: 200, maxRetryTime: 5_000, retries: 9 };
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry });
      current = producer;
      await producer.connect();
      return producer;
    },
    drop: (last = Promise.resolve()) => {
      const producer = current;
      current = undefined;
      const closed = async (): Promise<void> => producer?.disconnect().catch(() => undefined);
      dropped = dropped.then(() => last).then(closed, closed);
      return dropped;
    },
  };
}

function requestsOf(messages: readonly ReadyMessage[]): readonly (readonly ReadyMessage[])[] {
  const requests: ReadyMessage[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    const last = requests.at(-1);
    if (last === undefined || bytes + message.size > REQUEST_BYTES || last.length >= REQUEST_MESSAGES) {
      requests.push([message]);
      bytes = message.size;
    } else {
      last.push(message);
      bytes += message.size;
    }
  }
  return requests;
}

/** Sends in order; where the broker finds them too large together, half by half. */
async function sendAll(producer: Producer, topic: string, messages: readonly ReadyMessage[]): Promise<readonly RefusedMessage[]> {
  try {
    await producer.send({ topic, acks: -1, messages: messages.map(({ message }) => message) });
    return [];
  } catch (error) {
    if (!typesOf(error).some((type) => TOO_LARGE.includes(type))) throw error;
    const [first] = messages;
    if (messages.length === 1 && first !== undefined) {
      return [{ id: first.id, reason: `the broker does not take it (${first.size} bytes): ${messageOf(error)}` }];
    }
    const middle = Math.ceil(messages.length / 2);
    return [...(await sendAll(producer, topic, messages.slice(0, middle))), ...(await sendAll(producer, topic, messages.slice(middle)))];
  }
}

/** Stops waiting when aborted: whether the messages are there is then not known. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

const passing = (error: unknown, { brokers, topic }: KafkaSinkSettings): RiskflowError =>
  new RiskflowError(ErrorCode.busy, `the topic ${topic} of Kafka at ${brokers.join(', ')} takes nothing now: ${messageOf(error)}`, {
    cause: error,
  });
