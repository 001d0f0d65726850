import { SchemaType, type SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { ErrorCode, RiskflowError, messageOf, type JsonObject, type KafkaSinkSettings, type OutgoingMessage } from '../../schemas/index.ts';
import { createRegistryClient, registryTrouble, type RegistrySecrets } from '../formats/registry-client.ts';

/** The Avro schemas of what is sent, as JSON: records with a name and a namespace. */
export type MessageSchemas = Readonly<Partial<Record<OutgoingMessage['type'], JsonObject>>>;

export type EncodedMessage = { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false; readonly reason: string };
/** Rejects with a RiskflowError when the registry is away (`busy`) or will not take the schema. */
export type MessageEncoder = (message: OutgoingMessage) => Promise<EncodedMessage>;

type AvroFormat = Extract<KafkaSinkSettings['format'], { readonly kind: 'avro' }>;

/** JSON in UTF-8; or Avro in Confluent's wire format, whose schemas are registered when the first message of a type is sent. */
export function createMessageEncoder(
  { topic, format }: Pick<KafkaSinkSettings, 'topic' | 'format'>,
  { secrets, schemas }: { readonly secrets: RegistrySecrets; readonly schemas: MessageSchemas },
): MessageEncoder {
  if (format.kind === 'json') return ({ body }) => Promise.resolve({ ok: true, bytes: Buffer.from(JSON.stringify(body)) });
  const client = createRegistryClient(format.registry, secrets, 'writing');
  const ids = new Map<OutgoingMessage['type'], number>();
  return async ({ type, body }) => {
    const schema = schemas[type];
    if (schema === undefined) return { ok: false, reason: `there is no Avro schema of a message of type ${type}` };
    const id = ids.get(type) ?? (await register({ client, format, subject: subjectOf(topic, type, schema), schema }));
    ids.set(type, id);
    try {
      return { ok: true, bytes: await client.encode(id, body) };
    } catch (error) {
      return { ok: false, reason: `it does not fit its Avro schema: ${messageOf(error)}${pathsOf(error)}` };
    }
  };
}

/** Decisions have the topic's own subject; another type on the same topic one that names its record, since each subject has one lineage. */
function subjectOf(topic: string, type: OutgoingMessage['type'], schema: JsonObject): string {
  return type === 'decision'
    ? `${topic}-value`
    : `${topic}-${[schema['namespace'], schema['name']].filter((part) => typeof part === 'string').join('.')}`;
}

type Registration = { readonly client: SchemaRegistry; readonly format: AvroFormat; readonly subject: string; readonly schema: JsonObject };

async function register({ client, format, subject, schema }: Registration): Promise<number> {
  const confluent = { type: SchemaType.AVRO, schema: JSON.stringify(schema) } as const;
  // The library refuses a subject whose compatibility is not the one it is told, and sets it otherwise: what the registry has shall stay.
  const once = (compatibility: Compatibility): Promise<{ readonly id: number }> =>
    client.register(confluent, { subject, updateConfig: false, ...(compatibility === undefined ? {} : { compatibility }) });
  try {
    return (await once(undefined).catch((error: unknown) => once(levelToldBy(error)))).id;
  } catch (error) {
    const trouble = registryTrouble(error, format.registry);
    if (trouble.kind === 'away' || trouble.kind === 'refused') throw trouble.error;
    const reason = trouble.kind === 'unusable' ? trouble.reason : 'it says that there is no such subject';
    const hint = 'the schemas of a subject must fit together: send to another topic, or loosen the compatibility of the subject';
    throw new RiskflowError(
      ErrorCode.usage,
      `the schema registry at ${format.registry.url} does not take the schema of ${subject}: ${reason}`,
      { hint, cause: error },
    );
  }
}

type Compatibility = NonNullable<Parameters<SchemaRegistry['register']>[1]>['compatibility'];
const LEVELS = ['NONE', 'FULL', 'FORWARD', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD_TRANSITIVE', 'FULL_TRANSITIVE'] as const;

/** `Compatibility does not match the configuration (BACKWARD != FULL)`; passes every other error on. */
function levelToldBy(error: unknown): Compatibility {
  const level = /does not match the configuration \(\w+ != (\w+)\)/.exec(messageOf(error))?.[1];
  const found = LEVELS.find((known) => known === level);
  if (found === undefined) throw error;
  return found as Compatibility;
}

function pathsOf(error: unknown): string {
  if (!(error instanceof Error) || !('paths' in error) || !Array.isArray(error.paths) || error.paths.length === 0) return '';
  return ` (at ${error.paths
    .slice(0, 3)
    .map((path: unknown) => (Array.isArray(path) ? path.join('.') : String(path)))
    .join(', ')})`;
}
