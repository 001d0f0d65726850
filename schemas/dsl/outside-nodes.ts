import { z } from 'zod';
import { idSchema, listOf, selectorSchema, textOrEmpty, wholeNumber } from './common.ts';

/** The data of nodes that ask something outside: documents, tools, knowledge bases (facts: dify-semantics §3). */

export const documentExtractorDataSchema = z.looseObject({
  variable_selector: selectorSchema,
  is_array_file: z.boolean().nullish(),
});

/** How an argument of a tool is bound; bare values are the form of old files. */
export const toolInputSchema = z.looseObject({ type: z.enum(['mixed', 'variable', 'constant']), value: z.unknown().optional() });

export const toolDataSchema = z.looseObject({
  provider_id: textOrEmpty,
  provider_type: textOrEmpty,
  provider_name: textOrEmpty,
  tool_name: z.string(),
  tool_label: textOrEmpty,
  tool_parameters: z.record(z.string(), z.unknown()).nullish(),
  tool_configurations: z.record(z.string(), z.unknown()).nullish(),
});

const numberFromText = z.union([
  wholeNumber,
  z
    .string()
    .regex(/^\s*-?\d+(\.\d+)?\s*$/)
    .transform(Number),
]);

const metadataConditionSchema = z.looseObject({
  name: z.string(),
  comparison_operator: z.string(),
  value: z.unknown().optional(),
});

export const knowledgeRetrievalDataSchema = z.looseObject({
  query_variable_selector: selectorSchema.nullish(),
  query_attachment_selector: selectorSchema.nullish(),
  dataset_ids: listOf(idSchema),
  retrieval_mode: z.string().nullish(),
  multiple_retrieval_config: z
    .looseObject({
      top_k: numberFromText.nullish(),
      score_threshold: numberFromText.nullish(),
      score_threshold_enabled: z.boolean().nullish(),
      reranking_enable: z.boolean().nullish(),
      reranking_mode: z.string().nullish(),
      reranking_model: z.unknown().optional(),
      weights: z
        .looseObject({
          vector_setting: z.looseObject({ vector_weight: numberFromText.nullish() }).nullish(),
          keyword_setting: z.looseObject({ keyword_weight: numberFromText.nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  metadata_filtering_mode: z.string().nullish(),
  metadata_filtering_conditions: z
    .looseObject({ logical_operator: z.enum(['and', 'or']).nullish(), conditions: listOf(metadataConditionSchema) })
    .nullish(),
});
