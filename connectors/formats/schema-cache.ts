import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { RecordContent, RegistrySettings } from '../../schemas/index.ts';
import { payloadDecoder, type PayloadDecoder } from './payload-decoders.ts';
import { unreadable } from './plain-content.ts';
import { registryTrouble } from './registry-client.ts';

/** For how long a schema that was not there is not asked for again, in milliseconds: many records may name it. */
const UNKNOWN_FOR_MS = 10_000;

/** Decoders by schema id, kept for ever: what an id means never changes. */
export type SchemaCache = {
  /** Undefined when the schema has to be fetched first. */
  known(schemaId: number): PayloadDecoder | undefined;
  /** Resolves with a decoder that may refuse every record. @throws RiskflowError: `busy` when the registry is away; else it does not pass. */
  fetch(schemaId: number): Promise<PayloadDecoder>;
};

export function createSchemaCache(client: SchemaRegistry, settings: RegistrySettings, field: string): SchemaCache {
  const ready = new Map<number, PayloadDecoder>();
  const unknown = new Map<number, number>();
  return {
    known: (schemaId) => {
      const decoder = ready.get(schemaId);
      if (decoder !== undefined) return decoder;
      return (unknown.get(schemaId) ?? 0) > performance.now() ? () => notThere(schemaId) : undefined;
    },
    fetch: async (schemaId) => {
      try {
        const schema = await client.getSchema(schemaId);
        const decode = payloadDecoder(schema, field);
        ready.set(schemaId, decode);
        return decode;
      } catch (error) {
        const trouble = registryTrouble(error, settings);
        if (trouble.kind === 'away' || trouble.kind === 'refused') throw trouble.error;
        if (trouble.kind === 'unknown') {
          unknown.set(schemaId, performance.now() + UNKNOWN_FOR_MS);
          return () => notThere(schemaId);
        }
        const refuse: PayloadDecoder = () => unreadable(`its schema (id ${schemaId}) cannot be used: ${trouble.reason}`);
        ready.set(schemaId, refuse);
        return refuse;
      }
    },
  };
}

const notThere = (schemaId: number): RecordContent => unreadable(`its schema (id ${schemaId}) is not in the schema registry`);
