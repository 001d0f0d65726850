import { z } from 'zod';
import { idSchema, listOf, modelSchema, selectorSchema, textOrEmpty, variableSchema, wholeNumber } from './common.ts';

/** The data of nodes that ask a language model (facts: dify-semantics §3). */

const memorySchema = z
  .looseObject({
    role_prefix: z.looseObject({ user: textOrEmpty, assistant: textOrEmpty }).nullish(),
    window: z.looseObject({ enabled: z.boolean().nullish(), size: wholeNumber.nullish().catch(null) }).nullish(),
    query_prompt_template: z.string().nullish(),
  })
  .nullish();
export type MemoryData = z.output<typeof memorySchema>;

const visionSchema = z
  .looseObject({
    enabled: z.boolean().nullish(),
    configs: z.looseObject({ variable_selector: selectorSchema.nullish(), detail: z.string().nullish() }).nullish(),
  })
  .nullish();
export type VisionData = z.output<typeof visionSchema>;

const promptMessageSchema = z.looseObject({
  role: z.enum(['system', 'user', 'assistant']).nullish(),
  text: textOrEmpty,
  edition_type: z.string().nullish(),
  jinja2_text: z.string().nullish(),
});

export const llmDataSchema = z.looseObject({
  model: modelSchema,
  /** A list for chat models, one text for models that complete texts. */
  prompt_template: z.union([z.array(promptMessageSchema), promptMessageSchema]),
  prompt_config: z.looseObject({ jinja2_variables: listOf(variableSchema) }).nullish(),
  memory: memorySchema,
  context: z.looseObject({ enabled: z.boolean().nullish(), variable_selector: selectorSchema.nullish() }).nullish(),
  vision: visionSchema,
  structured_output: z.looseObject({ schema: z.unknown().optional() }).nullish(),
  structured_output_enabled: z.boolean().nullish(),
  structured_output_switch_on: z.boolean().nullish(),
  reasoning_format: z.string().nullish(),
});

export const questionClassifierDataSchema = z.looseObject({
  query_variable_selector: selectorSchema,
  model: modelSchema,
  classes: z.array(z.looseObject({ id: idSchema, name: z.string(), label: z.string().nullish() })).min(1),
  instruction: textOrEmpty,
  memory: memorySchema,
  vision: visionSchema,
});

/** `bool` and `select` are names of older files. */
const PARAMETER_TYPES = [
  'string',
  'number',
  'boolean',
  'bool',
  'select',
  'array[string]',
  'array[number]',
  'array[object]',
  'array[boolean]',
] as const;

const parameterSchema = z.looseObject({
  name: z
    .string()
    .min(1, 'a parameter needs a name')
    .refine(
      (name) => name !== '__reason' && name !== '__is_success',
      '__reason and __is_success are names of outputs that every extractor has',
    ),
  type: z.enum(PARAMETER_TYPES, 'is none of the types that can be extracted'),
  options: listOf(z.union([z.string(), wholeNumber.transform(String)])),
  description: textOrEmpty,
  required: z.boolean().nullish(),
});

export const parameterExtractorDataSchema = z.looseObject({
  model: modelSchema,
  query: selectorSchema,
  parameters: listOf(parameterSchema),
  instruction: textOrEmpty,
  reasoning_mode: z
    .enum(['function_call', 'prompt'])
    .nullish()
    .or(z.literal('').transform(() => null)),
  memory: memorySchema,
  vision: visionSchema,
});
