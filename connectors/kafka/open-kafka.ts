import type { KafkaConnectorSettings, KafkaSinkSettings, Sink, SourceConnector } from '../../schemas/index.ts';
import type { KafkaConnectorDeps } from './kafka-settings.ts';
import type { KafkaSinkDeps } from './kafka-sink.ts';

// The client of Kafka is loaded when somebody needs one: that takes as long as all else of a command that needs none.

/** As `createKafkaConnector`. */
export async function openKafkaConnector(settings: KafkaConnectorSettings, deps: KafkaConnectorDeps): Promise<SourceConnector> {
  const { createKafkaConnector } = await import('./kafka-connector.ts');
  return createKafkaConnector(settings, deps);
}

/** As `createKafkaSink`. */
export async function openKafkaSink(settings: KafkaSinkSettings, deps: KafkaSinkDeps): Promise<Sink> {
  const { createKafkaSink } = await import('./kafka-sink.ts');
  return createKafkaSink(settings, deps);
}
