import { messageOf, type RecordContent, type RecordFormat, type RecordHeader } from '../../schemas/index.ts';
import type { PayloadDecoder } from './payload-decoders.ts';
import { decodeJson, decodeText, unreadable } from './plain-content.ts';
import type { RegistrySecrets } from './registry-client.ts';
import type { SchemaCache } from './schema-cache.ts';
import { readFraming } from './wire-format.ts';

/** The bytes of a record and the headers that came with it. */
export type EncodedRecord = { readonly bytes: Uint8Array | null; readonly headers: readonly RecordHeader[] };

/**
 * Decodes records of one format. At once, or, where a schema has to be fetched first, by a promise; that rejects with a RiskflowError `busy`
 * while the registry is away (ask again), and with another one when it will not serve us (a wrong password).
 */
export type RecordDecoder = { readonly decode: (record: EncodedRecord) => RecordContent | Promise<RecordContent> };

type RegistryFormat = Extract<RecordFormat, { readonly kind: 'registry' }>;

/** A decoder with the schemas that it has met; the passwords and certificates that the format refers to are given resolved. */
export function createRecordDecoder(format: RecordFormat, secrets: RegistrySecrets = {}): RecordDecoder {
  if (format.kind !== 'registry') return { decode: whole((bytes) => decodePlain(format, bytes)) };
  const cache = lateSchemaCache(format, secrets);
  return { decode: whole((bytes, headers) => decodeFramed(format, cache, { bytes, headers })) };
}

/** The registry's client and the readers of its formats take long to load: they are when the first schema is fetched. */
function lateSchemaCache({ registry, field }: RegistryFormat, secrets: RegistrySecrets): SchemaCache {
  let cache: SchemaCache | undefined;
  const load = async (): Promise<SchemaCache> => {
    const [{ createRegistryClient }, { createSchemaCache }] = await Promise.all([
      import('./registry-client.ts'),
      import('./schema-cache.ts'),
    ]);
    return (cache ??= createSchemaCache(createRegistryClient(registry, secrets, 'reading'), registry, field));
  };
  return {
    known: (schemaId) => cache?.known(schemaId),
    fetch: async (schemaId) => (cache ?? (await load())).fetch(schemaId),
  };
}

type Decode = (bytes: Uint8Array, headers: readonly RecordHeader[]) => RecordContent | Promise<RecordContent>;

const whole =
  (decode: Decode): RecordDecoder['decode'] =>
  ({ bytes, headers }) => {
    if (bytes === null) return unreadable('it has no value (a tombstone, which deletes its key)');
    return bytes.length === 0 ? unreadable('its value is empty') : decode(bytes, headers);
  };

const decodePlain = (format: Exclude<RecordFormat, RegistryFormat>, bytes: Uint8Array): RecordContent =>
  format.kind === 'json' ? decodeJson(bytes) : decodeText(bytes, format.field);

function decodeFramed(
  format: RegistryFormat,
  cache: SchemaCache,
  { bytes, headers }: { readonly bytes: Uint8Array; readonly headers: readonly RecordHeader[] },
): RecordContent | Promise<RecordContent> {
  const framing = readFraming(bytes, headers);
  if (framing.kind === 'refused') return unreadable(framing.reason);
  if (framing.kind === 'unframed') return decodeOtherwise(format, bytes, framing.firstByte);
  const { schemaId, payload } = framing;
  const decode = cache.known(schemaId);
  if (decode !== undefined) return decodePayload(decode, schemaId, payload);
  return cache.fetch(schemaId).then((fetched) => decodePayload(fetched, schemaId, payload));
}

function decodeOtherwise({ otherwise, field }: RegistryFormat, bytes: Uint8Array, firstByte: number): RecordContent {
  if (otherwise === 'json') return decodeJson(bytes);
  if (otherwise === 'text') return decodeText(bytes, field);
  const byte = `0x${firstByte.toString(16).padStart(2, '0')}`;
  return unreadable(
    `it was not written with a schema registry: its first byte is ${byte} and not 0 (format.otherwise may say how to read it)`,
  );
}

/** Decodes, where what the library throws means that the bytes do not fit. */
function decodePayload(decode: PayloadDecoder, schemaId: number, payload: Uint8Array): RecordContent {
  try {
    return decode(payload);
  } catch (error) {
    return unreadable(`it does not fit its schema (id ${schemaId}): ${messageOf(error)}`);
  }
}
