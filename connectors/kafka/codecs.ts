import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompressSync, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { decompressLz4Frame } from './lz4-frame.ts';
import { decompressSnappy } from './snappy-frames.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

type Encoded = { readonly buffer: Buffer };
/** More than a broker's batches hold; a few bytes that claim to be more are refused. */
const LARGEST = 256 * 1024 * 1024;

const tooLarge = (cause: unknown): unknown =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    ? new RangeError(`a batch of records unpacks to more than ${LARGEST} bytes`, { cause })
    : cause;

async function unpack(way: typeof gunzip | typeof zstdDecompress, bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(way)(bytes, { maxOutputLength: LARGEST });
  } catch (error) {
    throw tooLarge(error);
  }
}

const cannotWrite = (): Promise<never> => Promise.reject(new Error('Riskflow reads this compression and does not write it'));

/**
 * Teaches kafkajs, which knows gzip, to read all that Kafka's clients write, and nothing that is packed to fill the memory. Changes the table of codecs
 * for the whole process.
 */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: (encoder: Encoded) => promisify(gzip)(encoder.buffer),
    decompress: (bytes: Buffer) => unpack(gunzip, bytes),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(zstdCompressSync(encoder.buffer)),
    decompress: (bytes: Buffer) => unpack(zstdDecompress, bytes),
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
