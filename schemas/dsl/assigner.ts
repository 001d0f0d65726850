import { z } from 'zod';
import { listOf, selectorSchema } from './common.ts';

const itemSchema = z.looseObject({
  variable_selector: selectorSchema,
  input_type: z.enum(['variable', 'constant'], 'must be variable or constant'),
  operation: z.string(),
  value: z.unknown().optional(),
});

/** The data of a variable assigner, version 2 (facts: dify-semantics §3). */
export const assignerDataSchema = z.looseObject({ items: listOf(itemSchema) });

/** The data of a variable assigner, version 1: the only one in files without a version. */
export const assignerV1DataSchema = z.looseObject({
  assigned_variable_selector: selectorSchema,
  write_mode: z.enum(['over-write', 'append', 'clear'], 'must be over-write, append or clear'),
  input_variable_selector: selectorSchema.nullish(),
});
