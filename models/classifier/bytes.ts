/** Writes numbers and texts one after another, little-endian. */
export type ByteWriter = {
  uint32(value: number): void;
  float32(value: number): void;
  /** An integer from 0 to 2^31 − 1 in groups of 7 bits, the lowest first (LEB128). */
  varint(value: number): void;
  /** The length in bytes as a varint, then UTF-8. */
  text(value: string): void;
  bytes(): Uint8Array;
};

export function createByteWriter(): ByteWriter {
  let buffer = new Uint8Array(1024);
  let end = 0;
  const room = (size: number): DataView => {
    if (end + size > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, end + size));
      larger.set(buffer);
      buffer = larger;
    }
    const view = new DataView(buffer.buffer, end, size);
    end += size;
    return view;
  };
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) room(1).setUint8(0, (rest & 0x7f) | 0x80);
    room(1).setUint8(0, rest);
  };
  return {
    uint32: (value) => room(4).setUint32(0, value, true),
    float32: (value) => room(4).setFloat32(0, value, true),
    varint,
    text(value) {
      const utf8 = new TextEncoder().encode(value);
      varint(utf8.length);
      room(utf8.length);
      buffer.set(utf8, end - utf8.length);
    },
    bytes: () => buffer.slice(0, end),
  };
}

/** Reads what a `ByteWriter` wrote. Bytes that are missing, left over or malformed are thrown as `failure(why)`. */
export type ByteReader = { uint32(): number; float32(): number; varint(): number; text(): string; end(): void };

export function createByteReader(bytes: Uint8Array, failure: (why: string) => Error): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (size: number): number => {
    if (at + size > bytes.length) throw failure('it ends too early');
    at += size;
    return at - size;
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = view.getUint8(take(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 31) return value;
      if (byte < 0x80) break;
    }
    throw failure('a number is too large');
  };
  return {
    uint32: () => view.getUint32(take(4), true),
    float32: () => view.getFloat32(take(4), true),
    varint,
    text() {
      const length = varint();
      const start = take(length);
      return new TextDecoder().decode(bytes.subarray(start, start + length));
    },
    end() {
      if (at !== bytes.length) throw failure('there is more than it should hold');
    },
  };
}
