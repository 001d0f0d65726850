import { z } from 'zod';
import { listOf, textOrEmpty, wholeNumber } from './common.ts';

/** The data of trigger nodes, which begin a flow in place of a start node (facts: dify-semantics §3). */

const fieldSchema = z.looseObject({ name: z.string(), type: z.string().nullish(), required: z.boolean().nullish() });

export const webhookTriggerDataSchema = z.looseObject({
  method: z.string().nullish(),
  content_type: z.string().nullish(),
  headers: listOf(fieldSchema),
  params: listOf(fieldSchema),
  body: listOf(fieldSchema),
  status_code: wholeNumber.nullish(),
  response_body: textOrEmpty,
});

export const scheduleTriggerDataSchema = z.looseObject({
  mode: z.enum(['visual', 'cron']).nullish(),
  frequency: z.enum(['hourly', 'daily', 'weekly', 'monthly']).nullish(),
  visual_config: z
    .looseObject({
      on_minute: wholeNumber.nullish(),
      time: z.string().nullish(),
      weekdays: listOf(z.string()),
      monthly_days: listOf(z.union([wholeNumber, z.literal('last')])),
    })
    .nullish(),
  cron_expression: z.string().nullish(),
  timezone: z.string().nullish(),
});

export const pluginTriggerDataSchema = z.looseObject({ plugin_id: textOrEmpty, provider_id: textOrEmpty, event_name: textOrEmpty });
