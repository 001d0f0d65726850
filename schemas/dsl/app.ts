import { z } from 'zod';
import { idSchema, listOf, selectorSchema, textOrEmpty } from './common.ts';

/** A Dify DSL file as it lies on disk (facts: dify-semantics §1). Everything not named here is kept and ignored. */
const edgeSchema = z.looseObject({
  id: z.string().nullish(),
  source: idSchema,
  target: idSchema,
  sourceHandle: z.string().nullish(),
});

const nodeSchema = z.looseObject({
  id: idSchema,
  type: z.string().nullish(),
  parentId: z.string().nullish(),
  data: z.looseObject({ type: z.string().nullish(), title: textOrEmpty }),
});

const environmentVariableSchema = z.looseObject({
  name: z.string(),
  value_type: z.string().nullish(),
  value: z.unknown().optional(),
});

const conversationVariableSchema = z.looseObject({
  name: z.string(),
  value_type: z.string().nullish(),
  value: z.unknown().optional(),
  selector: selectorSchema.nullish(),
});

export const dslSchema = z.looseObject({
  version: z.string('version must be text, such as "0.6.0" in quotes').nullish(),
  kind: z.string().nullish(),
  app: z.looseObject({ name: textOrEmpty, mode: textOrEmpty, description: textOrEmpty }),
  workflow: z
    .looseObject({
      graph: z.looseObject({ nodes: listOf(nodeSchema), edges: listOf(edgeSchema) }),
      environment_variables: listOf(environmentVariableSchema),
      conversation_variables: listOf(conversationVariableSchema),
      features: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});
export type Dsl = z.output<typeof dslSchema>;
