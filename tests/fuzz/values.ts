import fc from 'fast-check';
import { float, integer, objectOf, type Value } from '../../schemas/index.ts';

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    ' 10 ',
    '1.0',
    '-3',
    '1e400',
    'nan',
    'inf',
    'true',
    'null',
    '[1]',
    '{"a": 1}',
    'constructor',
    '__proto__',
    '{{#n.v#}}',
    '{{ v }}',
    '风险',
    '\ud83d',
    '\u0000',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** Any value a variable can have: integers beyond 2^53, integral floats, NaN, lists of anything, objects with odd keys, files. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ readonly value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(integer),
    fc.integer({ min: -20, max: 20 }),
    fc.double().map(float),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => objectOf(entries)),
    fc.tuple(text, text).map(([name, url]) =>
      objectOf([
        ['dify_model_identity', '__dify__file__'],
        ['type', 'image'],
        ['transfer_method', 'remote_url'],
        ['filename', name],
        ['remote_url', url],
      ]),
    ),
  ),
})).value;

export const anyText = text;
