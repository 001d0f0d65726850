import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';

const { CompressionCodecs, CompressionTypes } = kafkajs;

type Encoded = { readonly buffer: Buffer };
/** More than a broker's batches hold; a few bytes that claim to be more are refused. */
const LARGEST = { maxOutputLength: 256 * 1024 * 1024 };

/** Teaches kafkajs zstd, which Node has; gzip it knows. Changes the table of codecs for the whole process. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(zstdCompressSync(encoder.buffer)),
    decompress: (bytes: Buffer) => Promise.resolve(zstdDecompressSync(bytes, LARGEST)),
  });
}
