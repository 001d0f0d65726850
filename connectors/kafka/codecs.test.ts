import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { registerCodecs } from './codecs.ts';
import { decompressLz4Frame } from './lz4-frame.ts';
import { decompressSnappy } from './snappy-frames.ts';

const LIMIT = 1 << 22;
/** What the Java client 4.1.1 made of three records `{"n":0,"text":"abc…"}` (8 times abc), by `compression.type`. */
const SNAPPY = 'glNOQVBQWQAAAAABAAAAAQAAAD+YAWRiAAAABGswUnsibiI6MCwidGV4dCI6ImFiY1IDACgifQBkAPYFAgRrMQkzADGeMwAMBARrMgkzADKOMwA=';
const LZ4 = 'BCJNGGBAgkMAAAD/C2IAAAAEazBSeyJuIjowLCJ0ZXh0IjoiYWJjAwACoiJ9AGIAXAIEazEyAB8xMgAUQgQEazIyAB8yMgAMUGJjIn0AAAAAAA==';

const values = [0, 1, 2].map((n) => JSON.stringify({ n, text: 'abc'.repeat(8) }));
const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
const found = (unpacked: Buffer): readonly string[] => unpacked.toString('latin1').match(/\{.*?\}/g) ?? [];

test('snappy and LZ4 as the Java client writes them', () => {
  expect(found(decompressSnappy(bytesOf(SNAPPY), LIMIT))).toEqual(values);
  expect(found(decompressLz4Frame(bytesOf(LZ4), LIMIT))).toEqual(values);
});

test('one bare block of snappy, as other clients write it', () => {
  const [head, size] = [16, bytesOf(SNAPPY).readUInt32BE(16)];
  const block = bytesOf(SNAPPY).subarray(head + 4, head + 4 + size);
  expect(found(decompressSnappy(block, LIMIT))).toEqual(values);
});

test('a block that was left as it is, and one that refers to the block before it', () => {
  const head = [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0];
  const plain = [4, 0, 0, 0x80, ...Buffer.from('abcd')];
  // Nothing new, then 8 bytes from 4 back; then the literal "!".
  const linked = [5, 0, 0, 0, 0x04, 4, 0, 0x10, 0x21];
  expect(decompressLz4Frame(Uint8Array.of(...head, ...plain, ...linked, 0, 0, 0, 0), LIMIT).toString()).toBe('abcdabcdabcd!');
});

test.each([
  ['no frame', Buffer.from('{"n":1,"text":"x"}'), /no LZ4 frame/],
  ['a frame that is cut off', bytesOf(LZ4).subarray(0, 60), /cut off/],
  ['a match before the beginning', Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, 5, 0, 0, 0, 0x10, 0x61, 9, 0, 0), /outside/],
  ['a version that is not known', Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x20, 0x40, 0, 0, 0, 0, 0), /unknown version/],
])('LZ4: %s is refused', (_what, bytes, message) => {
  expect(() => decompressLz4Frame(bytes, LIMIT)).toThrow(message);
});

test('output beyond the limit is refused', () => {
  expect(() => decompressLz4Frame(bytesOf(LZ4), 1_000)).toThrow('more than 1000 bytes');
  expect(() => decompressSnappy(bytesOf(SNAPPY), 100)).toThrow('more than 100 bytes');
});

test.each([
  ['gzip', kafkajs.CompressionTypes.GZIP, gzipSync],
  ['zstd', kafkajs.CompressionTypes.ZSTD, zstdCompressSync],
] as const)('%s that claims to be more than a batch holds is refused, in a sentence', async (_name, type, pack) => {
  registerCodecs();
  const codec = kafkajs.CompressionCodecs[type]() as { decompress(bytes: Buffer): Promise<Buffer> };
  const part = pack(Buffer.alloc(16 * 1024 * 1024));
  expect((await codec.decompress(part)).length).toBe(16 * 1024 * 1024);
  const bomb = Buffer.concat(Array.from({ length: 17 }, () => part));
  expect(bomb.length).toBeLessThan(400_000);
  await expect(codec.decompress(bomb)).rejects.toThrow('a batch of records unpacks to more than 268435456 bytes');
});

test('broken bytes never do worse than an error', () => {
  const spoiled = fc.tuple(fc.constantFrom(SNAPPY, LZ4), fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { minLength: 1, maxLength: 6 }));
  fc.assert(
    fc.property(spoiled, ([golden, changes]) => {
      const bytes = bytesOf(golden);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const unpack = golden === LZ4 ? decompressLz4Frame : decompressSnappy;
      try {
        expect(unpack(bytes, LIMIT).length).toBeLessThanOrEqual(LIMIT);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
