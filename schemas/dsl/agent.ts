import { z } from 'zod';
import { modelSchema, textOrEmpty } from './common.ts';

/** A parameter of an agent's strategy: its value, or what gives it. */
const boundSchema = z.looseObject({ type: z.string().nullish(), value: z.unknown().optional() });

export const agentDataSchema = z.looseObject({
  agent_strategy_provider_name: textOrEmpty,
  agent_strategy_name: textOrEmpty,
  agent_parameters: z.record(z.string(), z.union([boundSchema, z.unknown()])).nullish(),
  memory: z
    .looseObject({
      window: z
        .looseObject({ enabled: z.boolean().nullish(), size: z.union([z.number(), z.bigint().transform(Number)]).nullish() })
        .nullish(),
      role_prefix: z.looseObject({ user: textOrEmpty, assistant: textOrEmpty }).nullish(),
      query_prompt_template: z.string().nullish(),
    })
    .nullish(),
});

/** The model of an agent, whose name stands in a field of its own. */
export const agentModelSchema = modelSchema.extend({ model: z.string().nullish() });

/** A tool that an agent may call. */
export const agentToolSchema = z.looseObject({
  enabled: z.boolean().nullish(),
  type: textOrEmpty,
  provider_name: textOrEmpty,
  provider_id: textOrEmpty,
  tool_name: z.string(),
  /** `{auto: 1}` is left to the model; else a fixed value, bare or bound. */
  parameters: z.record(z.string(), z.unknown()).nullish(),
  settings: z.record(z.string(), z.unknown()).nullish(),
  extra: z.looseObject({ description: textOrEmpty }).nullish(),
  schemas: z
    .array(
      z.looseObject({
        name: z.string(),
        type: textOrEmpty,
        required: z.boolean().nullish(),
        form: z.string().nullish(),
        llm_description: z.string().nullish(),
      }),
    )
    .nullish(),
});
