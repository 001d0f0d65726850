import { z } from 'zod';
import { idSchema, listOf, selectorSchema, textOrEmpty, variableSchema, wholeNumber } from './common.ts';

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
export type ConditionData = z.output<typeof conditionSchema>;
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

/** Lists and names of the DSL that a container needs (facts: dify-semantics §3). */
export const iterationDataSchema = z.looseObject({
  iterator_selector: selectorSchema,
  output_selector: selectorSchema.nullish().transform((selector) => selector ?? []),
  is_parallel: z.boolean().nullish(),
  parallel_nums: wholeNumber.nullish(),
  error_handle_mode: z.enum(['terminated', 'continue-on-error', 'remove-abnormal-output']).nullish(),
  flatten_output: z.boolean().nullish(),
});

export const loopDataSchema = z.looseObject({
  loop_count: wholeNumber,
  break_conditions: listOf(conditionSchema),
  logical_operator: logicalOperator,
  loop_variables: listOf(z.looseObject({ label: z.string(), var_type: z.string(), value_type: z.string(), value: z.unknown().optional() })),
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

export const aggregatorDataSchema = z.looseObject({
  variables: listOf(selectorSchema),
  advanced_settings: z
    .looseObject({
      group_enabled: z.boolean().nullish(),
      groups: listOf(z.looseObject({ group_name: z.string(), variables: listOf(selectorSchema) })),
    })
    .nullish(),
});
