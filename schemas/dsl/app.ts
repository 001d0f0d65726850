import { z } from 'zod';
import { idSchema, selectorSchema, textOrEmpty } from './common.ts';

/** The parts of a Dify DSL file as it lies on disk (facts: dify-semantics §1). Everything not named here is kept and ignored. */

/** A text; some files have it as a bare number. */
const looseText = z
  .union([z.string(), z.number(), z.bigint()])
  .nullish()
  .transform((text) => (text === null || text === undefined ? '' : String(text)));

export const dslHeadSchema = z.looseObject({
  version: z.string('version must be text, such as "0.6.0" in quotes').nullish(),
  kind: z.string().nullish().catch(null),
  app: z.looseObject({ name: looseText, mode: looseText, description: looseText }),
});
export type DslHead = z.output<typeof dslHeadSchema>;

export const dslNodeSchema = z.looseObject({
  id: idSchema,
  type: z.string().nullish(),
  parentId: idSchema.nullish(),
  data: z.looseObject({ type: z.string().nullish(), title: textOrEmpty }),
});
export type DslNode = z.output<typeof dslNodeSchema>;

export const dslEdgeSchema = z.looseObject({
  source: idSchema,
  target: idSchema,
  sourceHandle: idSchema.nullish(),
  data: z.looseObject({ iteration_id: idSchema.nullish(), loop_id: idSchema.nullish() }).nullish().catch(null),
});
export type DslEdge = z.output<typeof dslEdgeSchema>;

/** A variable of the environment or of the conversation. */
export const dslVariableSchema = z.looseObject({
  name: z.string(),
  value_type: z.string().nullish(),
  value: z.unknown().optional(),
  selector: selectorSchema.nullish().catch(null),
});
export type DslVariable = z.output<typeof dslVariableSchema>;

/** Where models, knowledge bases and tools of a file are to be found here (`--mapping`): what the file says, to what stands for it. */
export const flowMappingSchema = z.strictObject({
  models: z.record(z.string(), z.string().nullable()).nullish(),
  datasets: z.record(z.string(), z.string().nullable()).nullish(),
  tools: z.record(z.string(), z.string().nullable()).nullish(),
});
