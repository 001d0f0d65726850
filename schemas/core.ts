/** What may enter the Temporal bundle: no zod here, nor anything that reaches it. */
export * from './values.ts';
export * from './encoded-value.ts';
export * from './canonical-json.ts';
export * from './json-text.ts';
export * from './mask-text.ts';
export * from './errors.ts';
export * from './effects.ts';
export * from './run-events.ts';
export * from './decision-events.ts';
export * from './delivery-events.ts';
export * from './lanes.ts';
export * from './ledger-events.ts';
export * from './source-events.ts';
export type {
  ConnectorSettings,
  FieldExpression,
  SourceSettings,
  SpikeRule,
  TrendSettings,
} from './sources/index.ts';
export * from './schedules.ts';
export * from './trend-events.ts';
export * from './evaluation-summary.ts';
export * from './event-envelope.ts';
export * from './ports/index.ts';
