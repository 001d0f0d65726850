import { z } from 'zod';
import { kafkaClusterSettings, registrySettings } from './kafka-settings.ts';
import { variableName } from './variable-name.ts';

const everySink = {
  /** Sources whose decisions and alerts go there. Default: all. */
  sources: z.array(z.string().min(1)).min(1).optional(),
  events: z
    .array(z.enum(['decision', 'alert']))
    .min(1)
    .default(['decision']),
  /** Where a sink begins that never sent anything: with everything there is, or with what comes from now on. */
  from: z.enum(['beginning', 'now']).default('beginning'),
};

const kafkaSink = z.strictObject({
  kind: z.literal('kafka'),
  ...everySink,
  ...kafkaClusterSettings.shape,
  topic: z.string().regex(/^[a-zA-Z0-9._-]{1,190}$/, 'a topic has letters, digits, ".", "_" and "-", at most 190'),
  /** `avro` registers the schema of decisions (schemas/avro) under `<topic>-value`. */
  format: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('json') }),
      z.strictObject({ kind: z.literal('avro'), registry: registrySettings }),
    ])
    .default({ kind: 'json' }),
});
export type KafkaSinkSettings = z.output<typeof kafkaSink>;

/** Signed as https://www.standardwebhooks.com says. */
const webhookSink = z.strictObject({
  kind: z.literal('webhook'),
  ...everySink,
  url: z.url({ protocol: /^https?$/ }).refine((url) => {
    const parsed = URL.parse(url);
    return parsed === null || (parsed.username === '' && parsed.password === '');
  }, 'user and password do not belong here'),
  /** Variable that holds the signing secret (`whsec_…`, base64 of 24 to 64 bytes). */
  secretEnv: variableName,
  /** One being retired: messages are signed with both. */
  previousSecretEnv: variableName.optional(),
  timeoutMs: z.int().min(100).max(120_000).default(15_000),
  /** Deliveries under way at a time; equal keys wait for each other. */
  parts: z.int().min(1).max(64).default(4),
  /** For how long one message is tried before it is given up, in hours. */
  giveUpHours: z
    .number()
    .positive()
    .max(24 * 14)
    .default(72),
});
export type WebhookSinkSettings = z.output<typeof webhookSink>;

export const sinkSettings = z.discriminatedUnion('kind', [kafkaSink, webhookSink]);
export type SinkSettings = z.output<typeof sinkSettings>;
