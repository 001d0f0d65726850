import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { decompressLz4Frame } from './lz4-frame.ts';
import { decompressSnappy } from './snappy-frames.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

type Encoded = { readonly buffer: Buffer };
/** More than a broker's batches hold; a few bytes that claim to be more are refused. */
const LARGEST = 256 * 1024 * 1024;

const cannotWrite = (): Promise<never> => Promise.reject(new Error('Riskflow reads this compression and does not write it'));

/** Teaches kafkajs, which knows gzip, to read all that Kafka's clients write. Changes the table of codecs for the whole process. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(zstdCompressSync(encoder.buffer)),
    decompress: (bytes: Buffer) => Promise.resolve(zstdDecompressSync(bytes, { maxOutputLength: LARGEST })),
  });
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: cannotWrite,
    decompress: (bytes: Buffer) => Promise.resolve(decompressLz4Frame(bytes, LARGEST)),
  });
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: cannotWrite,
    decompress: (bytes: Buffer) => Promise.resolve(decompressSnappy(bytes, LARGEST)),
  });
}
