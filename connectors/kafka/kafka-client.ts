import { Kafka, logLevel, type KafkaConfig, type LogEntry, type SASLOptions } from 'kafkajs';
import { textMasker, type KafkaClusterSettings } from '../../schemas/index.ts';
import { tlsOptions, type TlsContents } from '../formats/registry-client.ts';
import { registerCodecs } from './codecs.ts';
import { containIdleTimer } from './idle-timer.ts';

/** What the settings of a cluster only refer to: the password of its user, and what PEM files hold. */
export type KafkaSecrets = { readonly password?: string | undefined; readonly tls?: TlsContents | undefined };

/** A line of kafkajs's log, without secrets. What passes by itself is never an `error`. */
export type KafkaLog = { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string };

export type KafkaClientOptions = {
  readonly clientId: string;
  readonly secrets: KafkaSecrets;
  readonly onLog: (entry: KafkaLog) => void;
};

/** A client of a cluster. Connects to nothing yet. */
export function createKafkaClient(settings: KafkaClusterSettings, { clientId, secrets, onLog }: KafkaClientOptions): Kafka {
  containIdleTimer();
  registerCodecs();
  const mask = textMasker([secrets.password, secrets.tls?.key].filter((secret) => secret !== undefined));
  const config: KafkaConfig = {
    clientId,
    brokers: [...settings.brokers],
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 5 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => onLog(readLog(entry, mask)),
  };
  if (settings.tls !== undefined)
    config.ssl = tlsOptions({ ...secrets.tls, ...(settings.tls === true ? {} : { serverName: settings.tls.serverName }) });
  if (settings.sasl !== undefined) config.sasl = saslOptions(settings.sasl, secrets.password ?? '');
  return new Kafka(config);
}

function saslOptions({ mechanism, username }: NonNullable<KafkaClusterSettings['sasl']>, password: string): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

/**
 * What kafkajs calls an error and mends by itself, or we do: coordinators that load or move, rebalances, leaders that are being chosen, topics that are gone or
 * made again.
 */
const PASSES =
  /coordinator|load_in_progress|rebalanc|resync group|generation|member_id|concurrent_transactions|leader|election|hosts? this topic-partition|limiting retries|\bcrash:|closed connection|connection error|connection timeout|range of offsets|offset out of range/i;
/** Told by those who ask for it, with the reason. */
const EXPECTED = /^Starting$|^Stopped$|Pausing fetching|Resuming fetching/;

function readLog({ level, namespace, log }: LogEntry, mask: (text: string) => string): KafkaLog {
  const details = ['broker', 'groupId', 'topic', 'partition', 'error', 'retryCount'].flatMap((name) => {
    const value: unknown = log[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  });
  const text = `${!namespace ? '' : `${namespace}: `}${log.message}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
  return { level: levelOf(level, text, log.message), message: mask(text) };
}

function levelOf(level: logLevel, text: string, message: string): KafkaLog['level'] {
  if (EXPECTED.test(message) || level === logLevel.DEBUG) return 'debug';
  if (level === logLevel.INFO) return 'info';
  if (PASSES.test(text)) return 'info';
  return level === logLevel.WARN ? 'warn' : 'error';
}
