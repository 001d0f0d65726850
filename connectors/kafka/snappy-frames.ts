import { compressors } from 'hyparquet-compressors';

/** What the Java client writes before its blocks; others write one block and nothing else. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
/** Behind the magic: version and compatible version, 4 bytes each. */
const HEAD_BYTES = 16;

/**
 * Unpacks snappy as Kafka's clients write it: xerial's stream (head, then blocks with their size as 4 bytes big-endian before them), or one bare block.
 *
 * @param largest more output than this is refused
 */
export function decompressSnappy(input: Uint8Array, largest: number): Buffer {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return unpackBlock(bytes, largest);
  const blocks: Buffer[] = [];
  let left = largest;
  for (let at = HEAD_BYTES; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    at += 4;
    if (at + size > bytes.length) throw new RangeError('a snappy block is cut off');
    const block = unpackBlock(bytes.subarray(at, at + size), left);
    blocks.push(block);
    left -= block.length;
    at += size;
  }
  return Buffer.concat(blocks);
}

/** A block begins with its unpacked size as a varint. https://github.com/google/snappy/blob/main/format_description.txt */
function unpackBlock(block: Buffer, largest: number): Buffer {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  if (size > largest) throw new RangeError(`a snappy block of more than ${largest} bytes`);
  const unpacked = compressors.SNAPPY?.(block, size);
  if (unpacked === undefined) throw new Error('snappy cannot be unpacked here');
  return Buffer.from(unpacked);
}
