import { createHash, createSecretKey } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TemporalKey } from './codec-keys.ts';
import { LARGE_PAYLOAD_BYTES, payloadCodec, type CodecOptions } from './codec.ts';
import type { PayloadBlobs } from './payload-blobs.ts';

const keyOf = (id: string, fill: number): TemporalKey => ({ id, key: createSecretKey(Buffer.alloc(32, fill)) });
const NEW = keyOf('2026', 1);
const OLD = keyOf('2025', 2);

type Memory = PayloadBlobs & { readonly kept: Map<string, Uint8Array> };
function memory(): Memory {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    write: (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      kept.set(sha256, bytes);
      return Promise.resolve(sha256);
    },
    read: (sha256) => Promise.resolve(kept.get(sha256) ?? new Uint8Array()),
  };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const jsonOf = (value: unknown): Payload => ({ metadata: { encoding: text('json/plain') }, data: text(JSON.stringify(value)) });
/** Text that does not compress, the same for the same seed. */
const noise = (bytes: number): string => {
  let all = '';
  for (let i = 0; all.length < bytes; i++) all += createHash('sha512').update(`${i}`).digest('base64');
  return all.slice(0, bytes);
};

const encodeOne = async (options: CodecOptions, payload: Payload): Promise<Payload> =>
  (await payloadCodec(options).encode([payload]))[0] ?? {};
const decodeOne = async (options: CodecOptions, payload: Payload): Promise<Payload> =>
  (await payloadCodec(options).decode([payload]))[0] ?? {};
const shown = ({ metadata, data }: Payload): unknown => ({
  data: Buffer.from(data ?? []).toString('base64'),
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {})
      .map(([name, value]): [string, string] => [name, Buffer.from(value).toString('latin1')])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ),
});
const metadataOf = (payload: Payload, name: string): string | undefined => {
  const value = payload.metadata?.[name];
  return value === undefined ? undefined : Buffer.from(value).toString();
};

describe('the payload codec', () => {
  const settings: readonly (readonly [string, readonly TemporalKey[]])[] = [
    ['without a key', []],
    ['with a key', [NEW, OLD]],
  ];

  it.each(settings)('%s gives back what it took', async (_, keys) => {
    const names = fc.stringMatching(/^[a-z-]{1,8}$/).filter((name) => name !== 'encoding' && !name.startsWith('riskflow-'));
    const payloads = fc.record({
      metadata: fc
        .dictionary(names, fc.uint8Array({ maxLength: 20 }))
        .chain((others) => fc.option(fc.constant({ encoding: text('json/plain') })).map((one) => ({ ...others, ...one }))),
      data: fc.oneof(
        fc.uint8Array({ maxLength: 5_000 }),
        fc.nat({ max: 400_000 }).map((n) => text('ab'.repeat(n))),
        fc.nat({ max: 400_000 }).map((n) => text(noise(n))),
      ),
    });
    await fc.assert(
      fc.asyncProperty(payloads, async (payload) => {
        const options = { keys, blobs: memory() };
        const encoded = await encodeOne(options, payload);
        expect((encoded.data ?? []).length).toBeLessThanOrEqual(LARGE_PAYLOAD_BYTES + 100);
        expect(shown(await decodeOne(options, encoded))).toEqual(shown(payload));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves small values readable without a key', async () => {
    expect(shown(await encodeOne({ keys: [], blobs: memory() }, jsonOf('x')))).toEqual(shown(jsonOf('x')));
  });

  it('compresses, and says so', async () => {
    const encoded = await encodeOne({ keys: [], blobs: memory() }, jsonOf('report '.repeat(2_000)));
    expect(metadataOf(encoded, 'riskflow-zip')).toBe('deflate');
    expect(encoded.data?.length).toBeLessThan(200);
  });

  it('encrypts everything, small values too, and names the key', async () => {
    const encoded = await encodeOne({ keys: [NEW, OLD], blobs: memory() }, jsonOf('canary'));
    expect(metadataOf(encoded, 'riskflow-key')).toBe('2026');
    expect(Buffer.from(encoded.data ?? []).toString('latin1')).not.toContain('canary');
    const again = await encodeOne({ keys: [NEW], blobs: memory() }, jsonOf('canary'));
    expect(Buffer.from(again.data ?? []).equals(Buffer.from(encoded.data ?? []))).toBe(false);
  });

  it('moves what is large after compression into storage, encrypted, once for equal values', async () => {
    const blobs = memory();
    const options = { keys: [NEW], blobs };
    const value = jsonOf(`canary ${noise(3_000_000)}`);
    const [first, second] = [await encodeOne(options, value), await encodeOne(options, value)];
    expect(blobs.kept.size).toBe(1);
    expect(shown(second)).toEqual(shown(first));
    expect(first.data).toHaveLength(0);
    const [sha256, bytes] = [...blobs.kept][0] ?? ['', new Uint8Array()];
    expect(metadataOf(first, 'riskflow-blob')).toBe(sha256);
    expect(Buffer.from(bytes).includes('canary')).toBe(false);
    const small = memory();
    await encodeOne({ keys: [], blobs: small }, jsonOf('a'.repeat(3_000_000)));
    expect(small.kept.size).toBe(0);
  });

  it('reads after a rotation what the old key wrote, and writes with the new one', async () => {
    const blobs = memory();
    const written = [jsonOf('x'), jsonOf(noise(300_000))];
    const old = await payloadCodec({ keys: [OLD], blobs }).encode(written);
    const after = payloadCodec({ keys: [NEW, OLD], blobs });
    expect((await after.decode(old)).map(shown)).toEqual(written.map(shown));
    expect((await after.encode(written)).map((payload) => metadataOf(payload, 'riskflow-key'))).toEqual(['2026', '2026']);
  });

  it('reads what was written before there was a key', async () => {
    const blobs = memory();
    const written = [jsonOf('x'), jsonOf('report '.repeat(1_000)), jsonOf(noise(300_000))];
    const before = await payloadCodec({ keys: [], blobs }).encode(written);
    expect((await payloadCodec({ keys: [NEW], blobs }).decode(before)).map(shown)).toEqual(written.map(shown));
  });

  it('names the key that is missing', async () => {
    const encoded = await encodeOne({ keys: [OLD], blobs: undefined }, jsonOf('x'));
    await expect(decodeOne({ keys: [NEW], blobs: undefined }, encoded)).rejects.toMatchObject({
      code: 'missing_key',
      message: 'a payload of Temporal is encrypted with the key "2025", which is not among those of RISKFLOW_TEMPORAL_KEYS ("2026")',
      hint: 'add it to RISKFLOW_TEMPORAL_KEYS, after the key that encrypts',
    });
    await expect(decodeOne({ keys: [], blobs: undefined }, encoded)).rejects.toMatchObject({
      message: 'a payload of Temporal is encrypted with the key "2025", which is not among those of RISKFLOW_TEMPORAL_KEYS (none is set)',
    });
  });

  it.each([
    ['another byte', (payload: Payload): Payload => ({ ...payload, data: flipped(payload.data, 20) })],
    ['another tag', (payload: Payload): Payload => ({ ...payload, data: flipped(payload.data, -1) })],
    ['no bytes', (payload: Payload): Payload => ({ ...payload, data: new Uint8Array(5) })],
    ['another encoding', withMetadata('riskflow-encoding', 'binary/plain')],
    ['more metadata', withMetadata('messageType', 'x')],
    ['the mark of compression', withMetadata('riskflow-zip', 'deflate')],
  ])('refuses a payload with %s', async (_, change) => {
    const encoded = await encodeOne({ keys: [NEW], blobs: undefined }, jsonOf('x'));
    await expect(decodeOne({ keys: [NEW], blobs: undefined }, change(encoded))).rejects.toMatchObject({
      code: 'invalid_file',
      message: 'a payload of Temporal does not open with the key "2026" of RISKFLOW_TEMPORAL_KEYS: it or the key was changed',
    });
  });

  it('says what a client without storage cannot read', async () => {
    const encoded = await encodeOne({ keys: [], blobs: memory() }, jsonOf(noise(300_000)));
    await expect(decodeOne({ keys: [], blobs: undefined }, encoded)).rejects.toMatchObject({
      message: expect.stringContaining('lies in storage, which this client was opened without'),
    });
  });
});

function flipped(data: Uint8Array | null | undefined, at: number): Uint8Array {
  const bytes = Uint8Array.from(data ?? []);
  const i = at < 0 ? bytes.length + at : at;
  bytes[i] = (bytes[i] ?? 0) ^ 1;
  return bytes;
}

function withMetadata(name: string, value: string): (payload: Payload) => Payload {
  return (payload) => ({ ...payload, metadata: { ...payload.metadata, [name]: text(value) } });
}
