import { z } from 'zod';

/**
 * Where a value is taken from.
 *
 * - text: the field of that name, else a path (`body.text`, `items[0].id`, `$.body.text`); with `@` before it something that stands around
 *   the record: `@key`, `@timestamp`, `@topic`, `@partition`, `@offset`, `@headers.NAME`
 * - `{ const }`: this value, always
 * - `{ template }`: text with `{{#record.PATH#}}` and `{{#meta.PATH#}}` in it, as Dify writes variables
 */
export const fieldExpression = z.union([z.string().min(1), z.strictObject({ const: z.json() }), z.strictObject({ template: z.string() })]);
export type FieldExpression = z.output<typeof fieldExpression>;

/** A comparison with the operators of an if-else node. */
const filterCondition = z.strictObject({
  field: z.string().min(1),
  operator: z.string().min(1),
  value: z.json().default(null),
});

/** What a record means to the flow and to everything after it. */
export const recordSettings = z.strictObject({
  /** Start variable → where it is taken from; others take the field of their name. */
  inputs: z.record(z.string(), fieldExpression).default({}),
  /** What a chat flow gets as sys.query. Default: the field `text`. */
  query: fieldExpression.optional(),
  /** Business key: records with equal ones are the same report. */
  key: fieldExpression.optional(),
  /** Who or what the report is about. Decisions about one subject are made and told in their order. Default: the business key. */
  subject: fieldExpression.optional(),
  category: fieldExpression.optional(),
  reporter: fieldExpression.optional(),
  /** When it happened: milliseconds or seconds since 1970, or text of ISO 8601. Default: the source's own timestamp, else when it was received. */
  eventTime: fieldExpression.optional(),
  /** The text that represents the record in reports of trends. Default: the field `text`. */
  text: fieldExpression.optional(),
  /** Records that it does not hold for are counted and left. */
  filter: z.strictObject({ logical: z.enum(['and', 'or']).default('and'), conditions: z.array(filterCondition).min(1) }).optional(),
  /** The share of records that are taken, by a hash of the key (else of the identity): the same ones each time. */
  samplingRate: z.number().gt(0).max(1).default(1),
});
export type RecordSettings = z.output<typeof recordSettings>;
