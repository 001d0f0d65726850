import { z } from 'zod';
import { secretReference, tlsSettings } from './variable-name.ts';

const hasNoPassword = (address: string): boolean => {
  const url = URL.parse(address);
  return url === null || (url.username === '' && url.password === '');
};

/** How a client finds a Kafka cluster and shows who it is. */
export const kafkaClusterSettings = z.strictObject({
  /** host:port of some of its brokers. */
  brokers: z.array(z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'a broker is written host:port')).min(1),
  /** With it the connection is encrypted; `true` trusts what the system trusts. */
  tls: z.union([z.literal(true), tlsSettings]).optional(),
  sasl: z
    .strictObject({ mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']), username: z.string().min(1), ...secretReference })
    .refine(
      (sasl) => (sasl.passwordEnv === undefined) !== (sasl.passwordFile === undefined),
      'name the password with passwordEnv or passwordFile',
    )
    .optional(),
});
export type KafkaClusterSettings = z.output<typeof kafkaClusterSettings>;

/** A Confluent schema registry. */
export const registrySettings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .refine(hasNoPassword, 'user and password do not belong here: name them with username and passwordEnv'),
  username: z.string().min(1).optional(),
  ...secretReference,
  tls: tlsSettings.optional(),
});
export type RegistrySettings = z.output<typeof registrySettings>;

/**
 * What the bytes of a record are.
 *
 * - `registry`: Confluent's wire format; the schema (Avro, JSON Schema or Protobuf) is in the registry. `otherwise` says what bytes without
 *   its first byte are: an error, JSON, or text
 * - `json`: one JSON object
 * - `text`: UTF-8, as the one field `field`
 */
export const recordFormat = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('registry'),
    registry: registrySettings,
    otherwise: z.enum(['fail', 'json', 'text']).default('fail'),
    field: z.string().min(1).default('text'),
  }),
  z.strictObject({ kind: z.literal('json') }),
  z.strictObject({ kind: z.literal('text'), field: z.string().min(1).default('text') }),
]);
export type RecordFormat = z.output<typeof recordFormat>;

export const kafkaConnector = z.strictObject({
  kind: z.literal('kafka'),
  ...kafkaClusterSettings.shape,
  topics: z.array(z.string().regex(/^[a-zA-Z0-9._-]{1,190}$/, 'a topic has letters, digits, ".", "_" and "-", at most 190')).min(1),
  /** Consumer group. Default: riskflow.<source>. */
  group: z.string().min(1).max(200).optional(),
  /** Where a partition begins that was never read. */
  from: z.enum(['earliest', 'latest']).default('earliest'),
  format: recordFormat.default({ kind: 'json' }),
});
export type KafkaConnectorSettings = z.output<typeof kafkaConnector>;
