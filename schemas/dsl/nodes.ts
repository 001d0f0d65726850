import { z } from 'zod';
import { idSchema, listOf, modelSchema, selectorSchema, textOrEmpty, variableSchema, wholeNumber } from './common.ts';

/** The data of each node kind, beyond the common fields (facts: dify-semantics §3). */

export const startDataSchema = z.looseObject({
  variables: listOf(
    z.looseObject({
      variable: z.string(),
      label: z.unknown().optional(),
      type: z.string(),
      required: z.boolean().nullish(),
      default: z.unknown().optional(),
      options: listOf(z.unknown()),
      max_length: wholeNumber.nullish(),
      json_schema: z.unknown().optional(),
    }),
  ),
});

export const endDataSchema = z.looseObject({ outputs: listOf(variableSchema) });

export const answerDataSchema = z.looseObject({ answer: textOrEmpty });

const conditionSchema = z.looseObject({
  id: z.string().nullish(),
  variable_selector: selectorSchema,
  comparison_operator: z.string(),
  value: z.unknown().optional(),
  varType: z.string().nullish(),
  sub_variable_condition: z.unknown().optional(),
});
const logicalOperator = z.enum(['and', 'or']).nullish();

export const ifElseDataSchema = z.looseObject({
  /** Null is as good as absent: Dify then reads the legacy form. */
  cases: z
    .array(
      z.looseObject({
        case_id: idSchema.nullish(),
        id: idSchema.nullish(),
        logical_operator: logicalOperator,
        conditions: listOf(conditionSchema),
      }),
    )
    .nullish(),
  logical_operator: logicalOperator,
  conditions: z.array(conditionSchema).nullish(),
});

export const templateDataSchema = z.looseObject({ template: textOrEmpty, variables: listOf(variableSchema) });

type OutputDeclaration = { readonly type: string; readonly children?: Readonly<Record<string, OutputDeclaration>> | null | undefined };
const outputDeclarationSchema: z.ZodType<OutputDeclaration> = z.looseObject({
  type: z.string(),
  children: z.lazy(() => z.record(z.string(), outputDeclarationSchema)).nullish(),
});
export const codeDataSchema = z.looseObject({
  code_language: z.string(),
  code: z.string(),
  variables: listOf(variableSchema),
  outputs: z.record(z.string(), outputDeclarationSchema).nullish(),
});

const promptMessageSchema = z.looseObject({
  role: z.enum(['system', 'user', 'assistant']).nullish(),
  text: textOrEmpty,
  edition_type: z.string().nullish(),
  jinja2_text: z.string().nullish(),
});
export const llmDataSchema = z.looseObject({
  model: modelSchema,
  prompt_template: z.union([z.array(promptMessageSchema), promptMessageSchema]),
  prompt_config: z.looseObject({ jinja2_variables: listOf(variableSchema) }).nullish(),
  memory: z.looseObject({ query_prompt_template: z.string().nullish() }).nullish(),
  context: z.looseObject({ enabled: z.boolean().nullish(), variable_selector: selectorSchema.nullish() }).nullish(),
  vision: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
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
});

export const aggregatorDataSchema = z.looseObject({
  variables: listOf(selectorSchema),
  advanced_settings: z
    .looseObject({
      group_enabled: z.boolean().nullish(),
      groups: listOf(z.looseObject({ group_name: z.string(), variables: listOf(selectorSchema) })),
    })
    .nullish(),
});
