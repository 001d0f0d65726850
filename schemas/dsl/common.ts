import { z } from 'zod';

/** A path to a variable: node id, name, then keys within an object. */
export const selectorSchema = z.array(z.union([z.string(), z.number(), z.bigint()]).transform(String));

/** Ids are text; some files have them as bare numbers. */
export const idSchema = z.union([z.string(), z.number(), z.bigint()]).transform(String);

/** Integers come from the YAML reader as bigint, so that 2 and 2.0 stay apart. */
export const wholeNumber = z.union([z.number(), z.bigint().transform(Number)]);

/** Dify writes lists as null or leaves them out when they are empty. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

export const textOrEmpty = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

const numberFromText = z.union([
  wholeNumber,
  z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number),
]);

/** Fields every node's data may have. Unknown keys are kept: Dify tolerates them everywhere. */
export const nodeCommonSchema = z.looseObject({
  type: z.string(),
  title: textOrEmpty,
  desc: textOrEmpty,
  error_strategy: z.string().nullish(),
  default_value: listOf(z.looseObject({ key: z.string(), type: z.string().nullish(), value: z.unknown().optional() })),
  retry_config: z
    .looseObject({
      retry_enabled: z.boolean().nullish(),
      max_retries: numberFromText.nullish(),
      retry_interval: numberFromText.nullish(),
    })
    .nullish(),
});
export type NodeCommon = z.output<typeof nodeCommonSchema>;

export const variableSchema = z.looseObject({ variable: z.string(), value_selector: selectorSchema });

export const modelSchema = z.looseObject({
  provider: textOrEmpty,
  name: textOrEmpty,
  mode: z.enum(['chat', 'completion']).nullish().catch('chat'),
  completion_params: z.record(z.string(), z.unknown()).nullish(),
});
