import type { RecordHeader } from '../../schemas/index.ts';

/** How a record names its schema. `refused` is a sentence about "it". */
export type Framing =
  | { readonly kind: 'framed'; readonly schemaId: number; readonly payload: Uint8Array }
  /** Written without the registry, as its first byte says. */
  | { readonly kind: 'unframed'; readonly firstByte: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where Confluent's newer serializers put the schema's GUID instead. */
const VALUE_HEADER = '__value_schema_id';
const NEWER = 'let its producer write the schema id before the value (wire format 0)';

/**
 * Takes Confluent's wire format apart: byte 0, the schema id as 4 bytes big-endian, the payload.
 * https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 *
 * @param bytes at least one
 */
export function readFraming(bytes: Uint8Array, headers: readonly RecordHeader[]): Framing {
  if (headers.some(({ name }) => name === VALUE_HEADER)) {
    return { kind: 'refused', reason: `its schema id is in the header ${VALUE_HEADER}, which is not supported: ${NEWER}` };
  }
  const firstByte = bytes[0] ?? 0;
  if (firstByte === 1)
    return { kind: 'refused', reason: `it names its schema by a GUID (wire format 1), which is not supported: ${NEWER}` };
  if (firstByte !== 0) return { kind: 'unframed', firstByte };
  if (bytes.length < 5) return { kind: 'refused', reason: `it ends within its schema id: it has ${bytes.length} of at least 5 bytes` };
  const schemaId = new DataView(bytes.buffer, bytes.byteOffset, 5).getUint32(1);
  return { kind: 'framed', schemaId, payload: bytes.subarray(5) };
}
