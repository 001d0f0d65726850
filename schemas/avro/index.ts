/** Avro schemas of the streams that Riskflow recommends and writes. The same are in this folder as .avsc files. */
export { alertSchema } from './alert.ts';
export { type AvroField, type AvroRecord, type AvroType } from './avro-schema.ts';
export { avroValueOf, outgoingSchemas } from './avro-value.ts';
export { decisionSchema } from './decision.ts';
export { reportSchema } from './report.ts';
