import avro, { type Schema } from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float, integer, isObject, objectOf, sameValue, type Value } from '../../schemas/index.ts';
import { avroReading, compileAvro } from './avro-values.ts';
import { decimalText, isoDate, isoInstant, isoTime } from './logical-text.ts';

const schema: Schema = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'n', type: 'long' },
    { name: 'd', type: 'double' },
    { name: 's', type: 'string' },
    { name: 'maybe', type: ['null', 'boolean', 'double', { type: 'array', items: 'string' }] },
    { name: 'map', type: { type: 'map', values: 'long' } },
  ],
};
const anyLong = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -1000n, max: 1000n }));

/** An independent writer: as the specification says, https://avro.apache.org/docs/1.12.0/specification/#binary-encoding */
const long = (n: bigint): readonly number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (n << 1n) ^ (n >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
};
const double = (n: number): readonly number[] => [...new Uint8Array(new Float64Array([n]).buffer)];
const text = (s: string): readonly number[] => [...long(BigInt(Buffer.byteLength(s))), ...Buffer.from(s)];

test('what is written is read: longs exactly, floats as floats, the branch of a union as it is', () => {
  const type = avro.Type.forSchema(schema, avroReading);
  const convert = compileAvro(type);
  const branch = fc.oneof(
    fc.constant({ bytes: [0], value: null as Value }),
    fc.boolean().map((b) => ({ bytes: [2, b ? 1 : 0], value: b as Value })),
    fc.double().map((d) => ({ bytes: [4, ...double(d)], value: float(d) as Value })),
    fc.string({ unit: 'grapheme' }).map((s) => ({ bytes: [6, 2, ...text(s), 0], value: [s] as Value })),
  );
  fc.assert(
    fc.property(anyLong, fc.double(), fc.string({ unit: 'grapheme' }), branch, anyLong, (n, d, s, maybe, m) => {
      const bytes = Buffer.from([...long(n), ...double(d), ...text(s), ...maybe.bytes, 2, ...text('key'), ...long(m), 0]);
      const wanted = objectOf([
        ['n', integer(n)],
        ['d', float(d)],
        ['s', s],
        ['maybe', maybe.value],
        ['map', objectOf([['key', integer(m)]])],
      ]);
      const read = convert(type.fromBuffer(bytes));
      expect(isObject(read) && sameValue(read, wanted)).toBe(true);
    }),
  );
});

test.each([
  [isoDate(0), '1970-01-01'],
  [isoDate(-1), '1969-12-31'],
  [isoDate(2_147_483_647), 2_147_483_647],
  [isoTime(86_399_999, 3), '23:59:59.999'],
  [isoTime(86_400_000, 3), 86_400_000],
  [isoInstant(-1n, 6, 'Z'), '1969-12-31T23:59:59.999999Z'],
  [isoInstant(-1n, 9, ''), '1969-12-31T23:59:59.999999999'],
  [isoInstant(2n ** 62n, 3, 'Z'), 2n ** 62n],
  [decimalText(Uint8Array.of(), 0), 0],
  [decimalText(Uint8Array.of(0xff), 0), -1],
  [decimalText(Uint8Array.of(0xff), 2), '-0.01'],
  [decimalText(Uint8Array.of(0), 2), '0.00'],
])('%s is %s', (found, wanted) => {
  expect(found).toBe(wanted);
});
