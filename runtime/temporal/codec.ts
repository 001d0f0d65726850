import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { RiskflowError } from '../../schemas/index.ts';
import { seal, unseal } from './codec-cipher.ts';
import type { TemporalKey } from './codec-keys.ts';
import { keyDiffers, keyMissing, KEYS_VARIABLE } from './codec-trouble.ts';
import type { PayloadBlobs } from './payload-blobs.ts';

export type CodecOptions = {
  /** The first encrypts, all decrypt. Empty: nothing is encrypted. */
  readonly keys: readonly TemporalKey[];
  /** Where large payloads go. Undefined: they stay where they are, and those that went there cannot be read. */
  readonly blobs: PayloadBlobs | undefined;
};

/**
 * What Temporal keeps of a value. The metadata of the value stays beside it, its `encoding` as `riskflow-encoding`:
 *
 * - `encoding`: `binary/riskflow`
 * - `riskflow-zip`: `deflate` when the bytes are compressed (RFC 1951)
 * - `riskflow-key`: id of the key they are encrypted with, after compression; all metadata but the next is bound to them
 * - `riskflow-blob`: SHA-256 of the bytes when they lie in storage; then there are none here
 */
const ENCODING = 'binary/riskflow';
const INNER = 'riskflow-encoding';
const ZIP = 'riskflow-zip';
const KEY = 'riskflow-key';
const BLOB = 'riskflow-blob';

/** Shorter ones gain little, and most are shorter: compressing and back took a tenth of what a run of small nodes costs its worker. */
const COMPRESS_FROM_BYTES = 8_192;
/** Done at once: handing them to another thread and back takes longer. */
const SMALL_BYTES = 32 * 1024;
/** Temporal warns of payloads from 256 KiB, refuses them from 2 MiB, and a message with many of them from 4 MiB. */
export const LARGE_PAYLOAD_BYTES = 128 * 1024;
const MOST_BYTES = 512 * 1024 * 1024;

type Metadata = Readonly<Record<string, Uint8Array>>;
type Plain = { readonly metadata: Metadata; readonly data: Uint8Array };

/** Compresses, encrypts and moves to storage what a client or a worker sends, in this order; and back. */
export function payloadCodec(options: CodecOptions): PayloadCodec {
  return {
    encode: (payloads, context) =>
      Promise.all(payloads.map((payload) => encode(plainOf(payload), { ...options, of: context?.workflowId }))),
    decode: (payloads) => Promise.all(payloads.map((payload) => decode(payload, options))),
  };
}

const plainOf = ({ metadata, data }: Payload): Plain => ({ metadata: metadata ?? {}, data: data ?? new Uint8Array() });

/** `of`: the workflow in whose history it will be. */
async function encode(payload: Plain, { keys, blobs, of }: CodecOptions & { readonly of: string | undefined }): Promise<Payload> {
  const key = keys[0];
  const zipped = await compressed(payload.data);
  const { encoding, ...others } = payload.metadata;
  const metadata: Metadata = {
    ...others,
    encoding: bytesOf(ENCODING),
    [INNER]: encoding ?? bytesOf(''),
    ...(zipped === undefined ? {} : { [ZIP]: bytesOf('deflate') }),
    ...(key === undefined ? {} : { [KEY]: bytesOf(key.id) }),
  };
  const data = zipped ?? payload.data;
  const large = blobs !== undefined && data.length > LARGE_PAYLOAD_BYTES;
  if (key === undefined && zipped === undefined && !large) return { ...payload };
  const sealed = key === undefined ? data : seal(data, { key: key.key, bound: boundOf(metadata), nonce: large ? 'derived' : 'random' });
  if (!large) return { metadata, data: sealed };
  return { metadata: { ...metadata, [BLOB]: bytesOf(await blobs.write(sealed, of)) }, data: new Uint8Array() };
}

async function decode(payload: Payload, { keys, blobs }: CodecOptions): Promise<Payload> {
  const { metadata, data } = plainOf(payload);
  // What others encoded, or nobody.
  if (textOf(metadata['encoding']) !== ENCODING) return payload;
  const { [BLOB]: blob, ...outer } = metadata;
  const sealed = blob === undefined ? data : await fetched(textOf(blob) ?? '', blobs);
  const zipped = decrypted(sealed, outer, keys);
  const { [INNER]: inner, [ZIP]: zip, [KEY]: _key, encoding: _encoding, ...others } = outer;
  return {
    metadata: inner === undefined || inner.length === 0 ? others : { ...others, encoding: inner },
    data: zip === undefined ? zipped : await inflate(zipped),
  };
}

async function fetched(sha256: string, blobs: PayloadBlobs | undefined): Promise<Uint8Array> {
  if (blobs !== undefined) return blobs.read(sha256);
  throw new RiskflowError('internal', `the payload ${sha256.slice(0, 12)} lies in storage, which this client was opened without`);
}

function decrypted(sealed: Uint8Array, metadata: Metadata, keys: readonly TemporalKey[]): Uint8Array {
  const id = textOf(metadata[KEY]);
  if (id === undefined) return sealed;
  const key = keys.find((item) => item.id === id);
  if (key === undefined) {
    const known = keys.map((item) => item.id);
    throw new RiskflowError('missing_key', keyMissing(id, known), { hint: `add it to ${KEYS_VARIABLE}, after the key that encrypts` });
  }
  const text = unseal(sealed, { key: key.key, bound: boundOf(metadata) });
  if (text !== undefined) return text;
  throw new RiskflowError('invalid_file', keyDiffers(id), {
    hint: `see whether ${KEYS_VARIABLE} has the same key under this id everywhere`,
  });
}

/** Undefined when it would not be worth it. */
async function compressed(data: Uint8Array): Promise<Uint8Array | undefined> {
  if (data.length < COMPRESS_FROM_BYTES) return undefined;
  const zipped = data.length < SMALL_BYTES ? deflateRawSync(data, FAST) : await deflateAsync(data, FAST);
  return zipped.length < data.length * 0.9 ? zipped : undefined;
}

const inflate = async (data: Uint8Array): Promise<Uint8Array> =>
  data.length < SMALL_BYTES / 8 ? inflateRawSync(data, INFLATE) : inflateAsync(data, INFLATE);
const INFLATE = { maxOutputLength: MOST_BYTES } as const;
/** Most payloads are of some KB and sent once: speed counts for more than size. */
const FAST = { level: 1 } as const;
const deflateAsync = promisify<Uint8Array, typeof FAST, Buffer>(deflateRaw);
const inflateAsync = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(inflateRaw);

/** The same bytes for the same metadata, whatever the order. */
const boundOf = (metadata: Metadata): Uint8Array =>
  bytesOf(
    JSON.stringify(
      Object.keys(metadata)
        .toSorted()
        .map((name) => [name, Buffer.from(metadata[name] ?? []).toString('base64')]),
    ),
  );

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null | undefined): string | undefined =>
  bytes === undefined || bytes === null ? undefined : new TextDecoder().decode(bytes);
