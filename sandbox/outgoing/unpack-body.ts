import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { BadAnswer, tooLarge } from './exchange.ts';

type Unpack = (bytes: Uint8Array, options: ZlibOptions) => Promise<Uint8Array>;

const [unzip, unbrotli, unzlib, unflate] = [promisify(gunzip), promisify(brotliDecompress), promisify(inflate), promisify(inflateRaw)];

/** Some servers send a bare deflate stream and call it the same. A zlib stream begins with 8 in its low four bits (RFC 1950). */
const undeflate: Unpack = (bytes, options) => (((bytes[0] ?? 0) & 15) === 8 ? unzlib(bytes, options) : unflate(bytes, options));

const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', (bytes, options) => unzip(bytes, options)],
  ['x-gzip', (bytes, options) => unzip(bytes, options)],
  ['br', (bytes, { maxOutputLength }) => unbrotli(bytes, maxOutputLength === undefined ? {} : { maxOutputLength })],
  ['deflate', undeflate],
]);

/** What is asked for where the request does not say. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';
/** More layers are nobody's honest answer. */
const MOST_LAYERS = 2;

/**
 * The body behind its content-encoding, of at most `limit` bytes: nothing beyond is unpacked. @throws LimitReached when it is larger; BadAnswer for
 * an encoding that is not known, or bytes that are not in it
 */
export async function unpackBody(body: Uint8Array, encoding: string | undefined, limit: number): Promise<Uint8Array> {
  const layers = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
  if (layers.length > MOST_LAYERS) throw new BadAnswer(`its body is packed ${layers.length} times`);
  let bytes = body;
  for (const layer of layers.toReversed()) bytes = bytes.length === 0 ? bytes : await unpackLayer(bytes, layer, limit);
  return bytes;
}

async function unpackLayer(bytes: Uint8Array, layer: string, limit: number): Promise<Uint8Array> {
  const unpack = UNPACK.get(layer);
  if (unpack === undefined) throw new BadAnswer(`its body is in the encoding "${layer}", which is not known`);
  try {
    return await unpack(bytes, { maxOutputLength: Math.max(1, limit) });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw new BadAnswer(`its body is said to be ${layer} and is not`, { cause: error });
  }
}
