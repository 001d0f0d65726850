import type { ConnectorHost, KafkaConnectorSettings } from '../../schemas/index.ts';
import type { RegistrySecrets } from '../formats/registry-client.ts';
import type { KafkaLog, KafkaSecrets } from './kafka-client.ts';

/** Times of the consumer, in milliseconds. */
export type KafkaTiming = {
  /** Silence after which the group gives our partitions to others. */
  readonly sessionMs: number;
  /** How long members may take to join again. */
  readonly rebalanceMs: number;
  readonly heartbeatMs: number;
  /** How long a fetch waits at the broker for records. */
  readonly fetchWaitMs: number;
  /** Silence of kafkajs itself after which its consumer is thrown away. Longer than a rebalance takes. */
  readonly watchdogMs: number;
};

export const TIMING: KafkaTiming = { sessionMs: 30_000, rebalanceMs: 60_000, heartbeatMs: 3_000, fetchWaitMs: 500, watchdogMs: 120_000 };

/** What a connector needs besides its settings. Secrets come resolved. */
export type KafkaConnectorDeps = {
  /** The source's name: of it the default consumer group is made (`riskflow.NAME`). */
  readonly name: string;
  readonly secrets: KafkaSecrets;
  /** Of the registry, where the format names one. */
  readonly registry?: RegistrySecrets | undefined;
  readonly onLog: (entry: KafkaLog) => void;
  readonly timing?: Partial<KafkaTiming> | undefined;
};

export const groupOf = (settings: KafkaConnectorSettings, name: string): string => settings.group ?? `riskflow.${name}`;

/** The task of the consumer as a whole; partitions have tasks of their own, `topic/partition`. */
export const CONSUMER_TASK = 'consumer';
export const taskOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;

/** Says what a task does, once per change. */
export function taskReporter(host: ConnectorHost): ConnectorHost['report'] {
  const said = new Map<string, string>();
  return (task) => {
    const text = `${task.state} ${task.trace ?? ''}`;
    if (said.get(task.task) === text) return;
    said.set(task.task, text);
    host.report(task);
  };
}
