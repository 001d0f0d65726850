/** What a person writes about a source, checked. */
export { connectorSettings, type ConnectorKind, type ConnectorOf, type ConnectorSettings } from './connector-settings.ts';
export type { KafkaClusterSettings, KafkaConnectorSettings, RecordFormat, RegistrySettings } from './kafka-settings.ts';
export { recordSettings, type FieldExpression, type RecordSettings } from './record-settings.ts';
export { sinkSettings, type KafkaSinkSettings, type SinkSettings, type WebhookSinkSettings } from './sink-settings.ts';
export { sourceFile, sourceSettings, type SourceFile, type SourceSettings } from './source-settings.ts';
export { spikeRule, trendSettings, type SpikeRule, type TrendSettings } from './trend-settings.ts';
