import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutPrototypeKeys } from './prototype-keys.ts';

describe('withoutPrototypeKeys', () => {
  it.each([
    ['{"a":1}', '{"a":1}'],
    ['{"__proto__":{"x":1},"a":1}', '{"a":1}'],
    ['{"a":{"__proto__":null,"b":2}}', '{"a":{"b":2}}'],
    ['{"constructor":{"prototype":{"x":1}},"a":1}', '{"a":1}'],
    ['{"constructor":"Ferrari"}', '{"constructor":"Ferrari"}'],
    ['{"list":[{"__proto__":1},"__proto__",null]}', '{"list":[{},"__proto__",null]}'],
    ['{"a":"say \\"__proto__\\" aloud"}', '{"a":"say \\"__proto__\\" aloud"}'],
  ])('%s', (json, expected) => {
    expect(withoutPrototypeKeys(json)).toBe(expected);
  });

  it('is undefined for what is not JSON', () => {
    expect(withoutPrototypeKeys('{"__proto__":')).toBeUndefined();
  });

  it('leaves any other JSON as it is, and never leaves a __proto__ key', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'prototype'));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.array(fc.tuple(key, tie('value'))).map(objectText),
      ),
    }));
    fc.assert(
      fc.property(value, (generated) => {
        const json = JSON.stringify(generated);
        const once = withoutPrototypeKeys(json) ?? '';
        expect(keysOf(JSON.parse(once))).not.toContain('__proto__');
        expect(withoutPrototypeKeys(once)).toBe(once);
        const clean = !keysOf(generated).some((name) => name === '__proto__' || name === 'constructor');
        expect(clean ? once : '').toBe(clean ? JSON.stringify(JSON.parse(json)) : '');
      }),
    );
  });
});

// Own properties, also for "__proto__", as JSON.parse makes them.
const objectText = (entries: readonly (readonly [string, unknown])[]): unknown =>
  JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`);

function keysOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}
