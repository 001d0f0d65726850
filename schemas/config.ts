import { z } from 'zod';
import { readHostAndPort } from './host-and-port.ts';
import { MODEL_ABILITIES } from './ports/models.ts';
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

const NO_PLACE = 'this is not host:port: write a name or an address and a port, such as models.internal:8000 or [fd00::5]:443';
const MOST_BYTES = 1024 * 1024 * 1024;

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
        /** What its models cannot do, by name of the model; "*" is every other. Default: they can do all. */
        without: z.record(z.string(), z.array(z.enum(MODEL_ABILITIES))).optional(),
      }),
    )
    .optional(),
  /** Prices of models served by OPENAI_BASE_URL, by model name. */
  prices: z.record(z.string(), priceSchema).optional(),
  /** What models served by OPENAI_BASE_URL cannot do, by model name; "*" is every other. */
  without: z.record(z.string(), z.array(z.enum(MODEL_ABILITIES))).optional(),
  /** Calls in flight to model endpoints, over all runs of the process. */
  modelConcurrency: z.int().min(1).max(10_000).optional(),
  runTimeoutMs: z.int().min(1).optional(),
  /** How much a run and its nodes may do. What is set when a run begins holds for it. */
  limits: z
    .strictObject({
      maxSteps: z.int().min(1).max(10_000_000).optional(),
      codeMaxString: z.int().min(1).max(100_000_000).optional(),
      codeMaxDepth: z.int().min(1).max(100).optional(),
      codeMaxStringArray: z.int().min(1).max(1_000_000).optional(),
      codeMaxObjectArray: z.int().min(1).max(1_000_000).optional(),
      codeMaxNumberArray: z.int().min(1).max(1_000_000).optional(),
      templateMaxOutput: z.int().min(1).max(100_000_000).optional(),
    })
    .optional(),
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
  /** What requests of flows, tools and users may reach. docs/outgoing.md tells more. */
  outgoing: z
    .strictObject({
      /** Places that may be asked though they are not public, or have another port: `host:port`. */
      allow: z.array(z.string().refine((place) => readHostAndPort(place) !== undefined, NO_PLACE)).optional(),
      /** Ports of all other places. Default: 80, 443, 8080 and 8443. */
      ports: z.array(z.int().min(1).max(65_535)).min(1).optional(),
      /** Bytes of an answer that is text. Default: 1 MiB, as in Dify. */
      maxTextBytes: z.int().min(1).max(MOST_BYTES).optional(),
      /** Bytes of an answer, or of a file that is sent, that is a file. Default: 10 MiB, as in Dify. */
      maxBinaryBytes: z.int().min(1).max(MOST_BYTES).optional(),
    })
    .optional(),
  /** What document-extractor nodes read at most. */
  documents: z
    .strictObject({
      /** Bytes of one file. Default: 15 MiB, as in Dify. */
      maxFileBytes: z.int().min(1).max(MOST_BYTES).optional(),
      /** Characters of the texts of one node. Default: 400,000. */
      maxTextLength: z.int().min(1).max(100_000_000).optional(),
      /** Pages of a PDF, slides, sheets. Default: 2000. */
      maxPages: z.int().min(1).max(1_000_000).optional(),
      /** Bytes that a packed file (.docx, .xlsx, …) may unpack to. Default: 100 MiB. */
      maxUnpackedBytes: z.int().min(1).max(MOST_BYTES).optional(),
      /** Milliseconds for one file. Default: 30,000. */
      timeoutMs: z.int().min(100).max(600_000).optional(),
      /** Megabytes of memory of a thread that reads. Default: 256. */
      memoryMb: z.int().min(32).max(8192).optional(),
    })
    .optional(),
  /** What tool nodes and the tools of agents may do. */
  tools: z
    .strictObject({
      /** Flows that call each other as tools, one within the other. Default: 5, as in Dify. */
      maxCallDepth: z.int().min(0).max(50).optional(),
      /** Characters of what a tool gives. Default: 400,000. */
      maxOutputLength: z.int().min(1).max(100_000_000).optional(),
    })
    .optional(),
  /** What runs the code of code nodes. */
  code: z
    .strictObject({
      /** Default: auto, CPython in bubblewrap where that runs, else Pyodide. */
      python: z.enum(['auto', 'bubblewrap', 'pyodide', 'off']).optional(),
      /** The Python for bubblewrap: a program or a path. Default: python3. */
      interpreter: z.string().min(1).optional(),
      /** Python calls at the same time, each in a process of its own. Default: 2. */
      processes: z.int().min(1).max(64).optional(),
      /** Milliseconds that one call may take. Default: 15000. */
      timeoutMs: z.int().min(100).max(600_000).optional(),
    })
    .optional(),
  /** Default: one SQLite file in the data folder. */
  storage: z.strictObject({ mysql: mysqlSchema }).optional(),
  /** Where decisions and alerts go, by name; a name stands for how far it has sent, so that another one begins anew. */
  sinks: z.record(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/), sinkSettings).optional(),
});
export type Config = z.output<typeof configSchema>;
