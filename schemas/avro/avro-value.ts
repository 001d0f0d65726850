import type { Json, JsonObject } from '../encoded-value.ts';
import { alertSchema } from './alert.ts';
import type { AvroField, AvroRecord } from './avro-schema.ts';
import { decisionSchema } from './decision.ts';

/** The schema of what is told outside, by type of message. */
export const outgoingSchemas: Readonly<Record<'decision' | 'alert', AvroRecord>> = { decision: decisionSchema, alert: alertSchema };

/**
 * The body of an outgoing message as a value of its schema: exactly its fields, defaults where the body lacks one, and JSON text where the
 * schema says text and the body holds an object or a list (`outputs`).
 */
export function avroValueOf(type: 'decision' | 'alert', body: Json): JsonObject {
  const given: JsonObject = isJsonObject(body) ? body : {};
  return Object.fromEntries(outgoingSchemas[type].fields.map((field) => [field.name, valueOf(field, given[field.name])]));
}

function valueOf(field: AvroField, given: Json | undefined): Json {
  if (given === undefined) return field.default ?? null;
  const isText = Array.isArray(field.type) && field.type.includes('string');
  return isText && typeof given === 'object' && given !== null ? JSON.stringify(given) : given;
}

const isJsonObject = (json: Json): json is JsonObject => typeof json === 'object' && json !== null && !Array.isArray(json);
