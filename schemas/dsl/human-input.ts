import { z } from 'zod';
import { idSchema, listOf, selectorSchema, textOrEmpty, wholeNumber } from './common.ts';

/** The data of a human-input node (facts: dify-semantics §3). */
export const humanInputDataSchema = z.looseObject({
  form_content: textOrEmpty,
  inputs: listOf(
    z.looseObject({
      output_variable_name: z.string(),
      type: z
        .string()
        .nullish()
        .transform((type) => type ?? 'text_input'),
      default: z.looseObject({ type: z.string().nullish(), selector: selectorSchema.nullish(), value: z.unknown().optional() }).nullish(),
    }),
  ),
  user_actions: listOf(z.looseObject({ id: idSchema, title: textOrEmpty })),
  timeout: wholeNumber.nullish(),
  timeout_unit: z.string().nullish(),
  delivery_methods: listOf(z.looseObject({ type: z.string().nullish(), enabled: z.boolean().nullish() })),
});
