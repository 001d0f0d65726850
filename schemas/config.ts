import { z } from 'zod';
import { sinkSettings } from './sources/sink-settings.ts';
import { tlsSettings as tlsSchema, variableName } from './sources/variable-name.ts';

const priceSchema = z.strictObject({
  /** USD per million tokens. */
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
});

const hasCredentials = (address: string): boolean => {
  const url = URL.parse(address);
  return url !== null && (url.username !== '' || url.password !== '');
};

/** What keeps the events in production. Passwords are never in the file: `passwordEnv` names the environment variable that holds one. */
const mysqlSchema = z.strictObject({
  /** `mysql://user@host:3306/database` */
  url: z
    .url({ protocol: /^mysql$/ })
    .refine((url) => (URL.parse(url)?.password ?? '') === '', 'the password does not belong here: name its variable with passwordEnv'),
  passwordEnv: variableName.optional(),
  /** A file that holds the password, such as a Docker secret. */
  passwordFile: z.string().min(1).optional(),
  tls: tlsSchema.optional(),
  /** Most connections of one process. */
  connections: z.int().min(1).max(1000).optional(),
  /** Seconds for which reads and writes are tried again while the server cannot be reached or takes no writes. */
  retrySeconds: z.number().min(0).max(3600).optional(),
});

/** The configuration file (riskflow.yml, or what RISKFLOW_CONFIG names). Keys of models are provider ids as flows write them. */
export const configSchema = z.strictObject({
  models: z
    .record(
      z.string(),
      z.strictObject({
        baseUrl: z
          .url()
          .refine((url) => !hasCredentials(url), 'user and password do not belong here: name the variable of the key with apiKeyEnv'),
        /** Name of the environment variable that holds the key; the key itself never stands in a file. */
        apiKeyEnv: variableName.optional(),
        prices: z.record(z.string(), priceSchema).optional(),
        /** Calls a second to this endpoint: over all workers on Temporal's per-node grain, else of each process. */
        callsPerSecond: z.number().positive().max(100_000).optional(),
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
      /** host:port of the frontend; RISKFLOW_TEMPORAL_ADDRESS comes first. */
      address: z.string().min(1).optional(),
      /** Default: default. */
      namespace: z.string().min(1).optional(),
      /** Default: riskflow. */
      taskQueue: z.string().min(1).optional(),
      /** How often an effect is tried that an infrastructure failure keeps from being performed, before its run fails. Default: 60, in ten minutes. */
      effectAttempts: z.int().min(1).max(10_000).optional(),
      /** With it the connection is encrypted; with `cert` and `key` the server knows who asks (mTLS). */
      tls: tlsSchema.optional(),
      /** Variable, or file, that holds an API key, as Temporal Cloud has them. With a key the connection is encrypted. */
      apiKeyEnv: variableName.optional(),
      apiKeyFile: z.string().min(1).optional(),
    })
    .optional(),
  /** Default: one SQLite file in the data folder. */
  storage: z.strictObject({ mysql: mysqlSchema }).optional(),
  /** Where decisions and alerts go, by name; a name stands for how far it has sent, so that another one begins anew. */
  sinks: z.record(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/), sinkSettings).optional(),
});
export type Config = z.output<typeof configSchema>;
