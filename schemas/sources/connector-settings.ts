import { z } from 'zod';
import { kafkaConnector } from './kafka-settings.ts';
import { secretReference, tlsSettings } from './variable-name.ts';

const fileFormat = z.enum(['ndjson', 'csv', 'parquet']);

/** `follow`: what is added later is read, too, instead of ending at the end that the source has now. */
const follow = z.boolean().default(false);

/** One file; `.gz` is unpacked. Without `format` its name says it (.ndjson, .jsonl, .csv, .parquet). */
const fileConnector = z.strictObject({ kind: z.literal('file'), path: z.string().min(1), format: fileFormat.optional(), follow });

/** Every file of a folder whose name fits `pattern` (with * and ?), those that are added later, too. Each file is a topic of its own. */
const directoryConnector = z.strictObject({
  kind: z.literal('directory'),
  path: z.string().min(1),
  pattern: z.string().min(1).default('*'),
  format: fileFormat.optional(),
  follow: z.boolean().default(true),
  /** Milliseconds between two looks at the folder. */
  everyMs: z.int().min(100).default(1000),
});

/** What is piped into `riskflow source start`: NDJSON, or CSV with a header. */
const standardInputConnector = z.strictObject({ kind: z.literal('stdin'), format: z.enum(['ndjson', 'csv']).default('ndjson') });

/** What is sent to `POST /sources/{name}/records` of `riskflow start`. */
const pushConnector = z.strictObject({
  kind: z.literal('push'),
  /** The field with the id by which a client sends a record again. Without it: the header Riskflow-Record-Id, or `recordId` beside `fields`. */
  idField: z.string().min(1).optional(),
});

/** Rows of a query on MySQL, read on from the highest value of a column that only grows. */
const mysqlConnector = z.strictObject({
  kind: z.literal('mysql'),
  /** `mysql://user@host:3306/database` */
  url: z
    .url({ protocol: /^mysql$/ })
    .refine((url) => (URL.parse(url)?.password ?? '') === '', 'the password does not belong here: name its variable with passwordEnv'),
  ...secretReference,
  tls: tlsSettings.optional(),
  /** A SELECT without ORDER BY and LIMIT. */
  query: z.string().min(1),
  /** The column that says what is new: a number, a time or an id that only grows. */
  watermark: z.string().min(1),
  /** The column that tells rows with equal watermarks apart; needed unless watermarks are unique. */
  key: z.string().min(1).optional(),
  /** Seconds for which rows are left alone, for transactions that commit late; only for a watermark that is a time. */
  settleSeconds: z.number().min(0).default(0),
  follow,
  everyMs: z.int().min(100).default(5000),
});

export const connectorSettings = z.discriminatedUnion('kind', [
  kafkaConnector,
  fileConnector,
  directoryConnector,
  standardInputConnector,
  pushConnector,
  mysqlConnector,
]);
export type ConnectorSettings = z.output<typeof connectorSettings>;
export type ConnectorKind = ConnectorSettings['kind'];
/** The settings of one kind of connector. */
export type ConnectorOf<K extends ConnectorKind> = Extract<ConnectorSettings, { readonly kind: K }>;
