import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, toJsonText, type Value } from '../../schemas/index.ts';
import { jsonObjectsIn, parseLooseJson } from './index.ts';

const text = (value: Value | undefined): string => (value === undefined ? 'nothing' : toJsonText(value));

describe('parseLooseJson', () => {
  it.each([
    ['{"a": 1, "b": [true, null, 2.0]}', '{"a":1,"b":[true,null,2.0]}'],
    [`{'a': 'b', c: True, "d": [1, None,], }`, '{"a":"b","c":true,"d":[1,null]}'],
    ['{"a": "he said "hi" to me", "b": 1', '{"a":"he said \\"hi\\" to me","b":1}'],
    ['so: {"a": {"b": [1,2', '{"a":{"b":[1,2]}}'],
    ['```json\n{"x": 1}\n``` ok', '{"x":1}'],
    ['{"a": 1 "b": 2}', '{"a":1,"b":2}'],
    ['{"a": "x\ny"}', '{"a":"x\\ny"}'],
    ['{"a": maybe, // why\n b: /* so */ 3}', '{"a":"maybe","b":3}'],
    ['{“a”: “b”, "c": "\\u00e4\\n\\q"}', '{"a":"b","c":"ä\\nq"}'],
    ['[{"a": 1}, {"a": 2}', '[{"a":1},{"a":2}]'],
    ['7', '7'],
    ['nothing here', 'nothing'],
    ['', 'nothing'],
  ])('%j', (given, expected) => expect(text(parseLooseJson(given))).toBe(expected));

  it('reads JSON as parseJson does', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const strict = parseJson(json);
        expect(strict.ok && text(parseLooseJson(json))).toBe(strict.ok && text(strict.value));
      }),
    );
  });

  it('gives something or nothing for any text, and never throws', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', '"', "'", ':', ',', '\\', '\\u12', '/*', '//', '\n', ' ', 'a', '1', 'true', '“');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const given = pieces.join('');
        const read = parseLooseJson(given);
        if (!/[{[]/.test(given) && !parseJson(given.trim()).ok) expect(read).toBeUndefined();
        else expect(read).not.toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('jsonObjectsIn', () => {
  it.each([
    ['a {b} {"c": "}", "d": {"e": 1}} {"f": 2}', ['{"c":"}","d":{"e":1}}', '{"f":2}']],
    ['[{"a": 1}]', ['{"a":1}']],
    ['{"a": {"b": 1},}', ['{"b":1}']],
    ['{"a": "\\"}"}', ['{"a":"\\"}"}']],
    ['{"a": 1', []],
    ['{}', ['{}']],
  ])('%j', (given, expected) => expect([...jsonObjectsIn(given)].map(text)).toEqual(expected));
});

describe.each(['{', '[', '{"', '["', '{"a":', '{"a" ', '"{', '\\', '{"a": "', '/*', '{"a":1}'])('a hostile text of %j', (piece) => {
  it('is read in time', () => {
    const startedAt = performance.now();
    const given = piece.repeat(50_000);
    parseLooseJson(given);
    expect([...jsonObjectsIn(given)].length).toBeLessThanOrEqual(50_000);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});
