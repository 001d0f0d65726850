/**
 * The part of Avro's schema language that Riskflow uses (https://avro.apache.org/docs/1.12.0/specification/), as data.
 *
 * Of streams that are kept for long, old readers meet new records and new readers old ones: every field but the identity has a default,
 * so that adding or leaving one is a change in both directions (FULL_TRANSITIVE in a schema registry).
 */
export type AvroType =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'double'
  | 'string'
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | { readonly type: 'array'; readonly items: AvroType }
  | { readonly type: 'map'; readonly values: AvroType }
  | AvroRecord
  | readonly AvroType[];

export type AvroRecord = {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly AvroField[];
};

export type AvroField = {
  readonly name: string;
  readonly type: AvroType;
  readonly doc?: string;
  readonly default?: null | number | string | boolean | readonly never[] | { readonly [key: string]: never };
};

/** Milliseconds since 1970 UTC. */
export const moment: AvroType = { type: 'long', logicalType: 'timestamp-millis' };

/** A field that may be null, and is so where a writer does not know it. */
export const maybe = (name: string, type: AvroType, doc: string): AvroField => ({ name, type: ['null', type], doc, default: null });

/** A field with a list, empty where a writer does not know it. */
export const list = (name: string, items: AvroType, doc: string): AvroField => ({
  name,
  type: { type: 'array', items },
  doc,
  default: [],
});
