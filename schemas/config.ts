import { z } from 'zod';

const priceSchema = z.strictObject({
  /** USD per million tokens. */
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
});

/** The configuration file (riskflow.yml, or what RISKFLOW_CONFIG names). Keys of models are provider ids as flows write them. */
export const configSchema = z.strictObject({
  models: z
    .record(
      z.string(),
      z.strictObject({
        baseUrl: z.url(),
        /** Name of the environment variable that holds the key; the key itself never stands in a file. */
        apiKeyEnv: z.string().optional(),
        prices: z.record(z.string(), priceSchema).optional(),
      }),
    )
    .optional(),
  /** Prices of models served by OPENAI_BASE_URL, by model name. */
  prices: z.record(z.string(), priceSchema).optional(),
  /** Calls in flight to model endpoints, over all runs of the process. */
  modelConcurrency: z.int().min(1).max(10_000).optional(),
  runTimeoutMs: z.int().min(1).optional(),
});
export type Config = z.output<typeof configSchema>;
