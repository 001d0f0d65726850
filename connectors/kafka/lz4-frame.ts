/** A frame of LZ4 that is broken, or made as Kafka's clients make none. */
class Lz4Error extends Error {
  override readonly name = 'Lz4Error';
}

const MAGIC = 0x184d2204;
const UNCOMPRESSED = 0x8000_0000;
/** Sizes that a block may have at most, by the number in the frame's head. */
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 };

/**
 * Unpacks one LZ4 frame: magic · flags · sizes · [content size] · check byte · blocks (size, bytes, [checksum]) · end mark. Checksums are not
 * compared: Kafka's batches have one of their own. https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 *
 * @param largest more output than this is refused
 */
export function decompressLz4Frame(input: Uint8Array, largest: number): Buffer {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Lz4Error('this is no LZ4 frame');
  const flags = view.getUint8(4);
  const blockSize = BLOCK_SIZES[(view.getUint8(5) >> 4) & 7];
  if (flags >> 6 !== 1 || blockSize === undefined) throw new Lz4Error('an LZ4 frame of an unknown version or block size');
  if ((flags & 1) !== 0) throw new Lz4Error('an LZ4 frame with a dictionary');
  const checksum = (flags & 0x10) === 0 ? 0 : 4;
  let at = 7 + ((flags & 8) === 0 ? 0 : 8);
  // One after the other in one buffer: a block may refer to those before it.
  let output = Buffer.alloc(blockSize);
  let end = 0;
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) return output.subarray(0, end);
    const length = size % UNCOMPRESSED;
    if (at + length > input.length) throw new Lz4Error('an LZ4 block is cut off');
    if (end + blockSize > largest) throw new Lz4Error(`an LZ4 frame of more than ${largest} bytes`);
    if (end + blockSize > output.length) output = Buffer.concat([output], output.length * 2 + blockSize);
    const block = input.subarray(at, at + length);
    if (size >= UNCOMPRESSED) {
      output.set(block, end);
      end += length;
    } else end = unpackBlock(block, output, end);
    at += length + checksum;
  }
}

/** @returns the end of the output */
function unpackBlock(input: Uint8Array, output: Buffer, begin: number): number {
  let [at, end] = [0, begin];
  const byte = (): number => {
    const value = input[at++];
    if (value === undefined) throw new Lz4Error('an LZ4 block ends too early');
    return value;
  };
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) for (let more = 255; more === 255; length += more) more = byte();
    return length;
  };
  for (;;) {
    const token = byte();
    const literals = lengthOf(token >> 4);
    if (at + literals > input.length || end + literals > output.length) throw new Lz4Error('literals of an LZ4 block reach beyond its end');
    output.set(input.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    if (at === input.length) return end;
    const distance = byte() + byte() * 256;
    const length = lengthOf(token & 15) + 4;
    if (distance === 0 || distance > end || end + length > output.length) throw new Lz4Error('a match of an LZ4 block lies outside of it');
    // Byte by byte where the match reaches into what it writes.
    if (distance >= length) output.copyWithin(end, end - distance, end - distance + length);
    else for (let i = 0; i < length; i++) output[end + i] = output[end + i - distance] ?? 0;
    end += length;
  }
}
