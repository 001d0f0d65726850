import { z } from 'zod';
import { listOf, selectorSchema, textOrEmpty, wholeNumber } from './common.ts';

const enabled = z
  .boolean()
  .nullish()
  .transform((given) => given === true);
const textOfNumber = z.union([z.string(), wholeNumber.transform(String)]);

const filterSchema = z.looseObject({
  key: textOrEmpty,
  comparison_operator: z.string().nullish(),
  value: z.unknown().optional(),
});

/** The data of a list-operator node (facts: dify-semantics §3). Each step is left out where it is not `enabled`. */
export const listOperatorDataSchema = z.looseObject({
  variable: selectorSchema,
  filter_by: z.looseObject({ enabled, conditions: listOf(filterSchema) }).nullish(),
  extract_by: z.looseObject({ enabled, serial: textOfNumber.nullish() }).nullish(),
  order_by: z.looseObject({ enabled, key: textOrEmpty, value: z.enum(['asc', 'desc']).nullish().or(z.literal('')) }).nullish(),
  limit: z.looseObject({ enabled, size: wholeNumber.nullish() }).nullish(),
});
