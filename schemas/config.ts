import { z } from 'zod';

const priceSchema = z.strictObject({
  /** USD per million tokens. */
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
});

/** Files in PEM form. Without `ca` those that the system trusts are trusted. */
const tlsSchema = z.strictObject({ ca: z.string().optional(), cert: z.string().optional(), key: z.string().optional() });

/** What keeps the events in production. Passwords are never in the file: `passwordEnv` names the environment variable that holds one. */
const mysqlSchema = z.strictObject({
  /** `mysql://user@host:3306/database` */
  url: z
    .url({ protocol: /^mysql$/ })
    .refine((url) => new URL(url).password === '', 'the password does not belong here: name its variable with passwordEnv'),
  passwordEnv: z.string().optional(),
  tls: tlsSchema.optional(),
  /** Most connections of one process. */
  connections: z.int().min(1).max(1000).optional(),
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
  /** Where `run --on temporal` and `worker` find each other. */
  temporal: z
    .strictObject({
      /** host:port of the frontend. */
      address: z.string().min(1),
      /** Default: default. */
      namespace: z.string().min(1).optional(),
      /** Default: riskflow. */
      taskQueue: z.string().min(1).optional(),
      /** With it the connection is encrypted; with `cert` and `key` the server knows who asks (mTLS). */
      tls: tlsSchema.optional(),
    })
    .optional(),
  /** Default: one SQLite file in the data folder. */
  storage: z.strictObject({ mysql: mysqlSchema }).optional(),
});
export type Config = z.output<typeof configSchema>;
