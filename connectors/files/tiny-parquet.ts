/**
 * Writes Parquet files of one column, for tests: `id`, required 64-bit integers, plain and not packed, in one row group.
 * https://parquet.apache.org/docs/file-format/ and, for the metadata, Thrift's compact protocol.
 */
export function tinyParquet(ids: readonly number[]): Uint8Array {
  const values = Buffer.alloc(ids.length * 8);
  for (const [i, id] of ids.entries()) values.writeBigInt64LE(BigInt(id), i * 8);
  const page = Buffer.concat([
    struct([1, i32(DATA_PAGE)], [2, i32(values.length)], [3, i32(values.length)], [5, pageHeader(ids.length)]),
    values,
  ]);
  const metadata = struct(
    [1, i32(1)],
    [2, list(12, [struct([4, text('schema')], [5, i32(1)]), struct([1, i32(INT64)], [3, i32(REQUIRED)], [4, text('id')])])],
    [3, i64(ids.length)],
    [4, list(12, ids.length === 0 ? [] : [rowGroup(ids.length, page.length)])],
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  return Buffer.concat([MAGIC, ids.length === 0 ? Buffer.alloc(0) : page, metadata, length, MAGIC]);
}

const MAGIC = Buffer.from('PAR1');
const INT64 = 2;
const REQUIRED = 0;
const DATA_PAGE = 0;
const PLAIN = 0;
const RLE = 3;
const UNCOMPRESSED = 0;

/** A value of Thrift with the number of its type. */
type Typed = { readonly type: number; readonly bytes: Buffer };

const pageHeader = (count: number): Typed => ({
  type: 12,
  bytes: struct([1, i32(count)], [2, i32(PLAIN)], [3, i32(RLE)], [4, i32(RLE)]),
});

function rowGroup(count: number, size: number): Buffer {
  const column = struct(
    [1, i32(INT64)],
    [2, list(5, [varint(zigzag(PLAIN))])],
    [3, list(8, [text('id').bytes])],
    [4, i32(UNCOMPRESSED)],
    [5, i64(count)],
    [6, i64(size)],
    [7, i64(size)],
    [9, i64(MAGIC.length)],
  );
  const chunk = struct([2, i64(MAGIC.length)], [3, { type: 12, bytes: column }]);
  return struct([1, list(12, [chunk])], [2, i64(size)], [3, i64(count)]);
}

/** Fields in the order of their numbers, which are at most 15 apart. */
function struct(...fields: readonly (readonly [number: number, value: Typed])[]): Buffer {
  let last = 0;
  const parts = fields.flatMap(([number, { type, bytes }]) => {
    const head = Buffer.of(((number - last) << 4) | type);
    last = number;
    return [head, bytes];
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

const zigzag = (n: number): number => (n < 0 ? -n * 2 - 1 : n * 2);
function varint(n: number): Buffer {
  const bytes: number[] = [];
  let rest = n;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.of(...bytes, rest);
}
const i32 = (n: number): Typed => ({ type: 5, bytes: varint(zigzag(n)) });
const i64 = (n: number): Typed => ({ type: 6, bytes: varint(zigzag(n)) });
const text = (value: string): Typed => ({ type: 8, bytes: Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]) });
const list = (type: number, items: readonly Buffer[]): Typed => ({
  type: 9,
  bytes: Buffer.concat([Buffer.of((items.length << 4) | type), ...items]),
});
