import { createKafkaConnector } from './kafka-connector.ts';
import type { ConnectorHost, KafkaConnectorSettings, ReadingPlace } from '../../schemas/index.ts';

/**
 * For tests: reads in a process of its own, which can be killed; what it would store it tells its parent, and waits for the answer.
 */
export type ToParent = { readonly call: number; readonly name: 'begin' | 'deliver'; readonly given: readonly unknown[] };
export type ToChild =
  | { readonly kind: 'start'; readonly settings: KafkaConnectorSettings; readonly name: string }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown };

const waiting = new Map<number, (value: unknown) => void>();
let calls = 0;

function ask<T>(name: ToParent['name'], ...given: readonly unknown[]): Promise<T> {
  const call = ++calls;
  const message: ToParent = { call, name, given };
  return new Promise((resolve) => {
    waiting.set(call, (value) => resolve(value as T));
    process.send?.(message);
  });
}

process.on('message', (message: ToChild) => {
  if (message.kind === 'answer') {
    waiting.get(message.call)?.(message.value);
    return;
  }
  const host: ConnectorHost = {
    signal: new AbortController().signal,
    begin: (...given) => ask<ReadingPlace | null>('begin', ...given),
    deliver: (...given) => ask('deliver', ...given),
    hasRoom: () => true,
    untilRoom: () => Promise.resolve(),
    report: () => undefined,
    idle: () => undefined,
    notice: () => undefined,
  };
  const timing = { sessionMs: 6_000, rebalanceMs: 10_000, heartbeatMs: 500, fetchWaitMs: 200 };
  void createKafkaConnector(message.settings, { name: message.name, secrets: {}, onLog: () => undefined, timing }).run(host);
});
