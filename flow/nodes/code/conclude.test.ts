import { describe, expect, it } from 'vitest';
import { parseJson, type Value } from '../../../schemas/core.ts';
import type { CodeConfig, OutputType } from './config.ts';
import { concludeCode } from './conclude.ts';

const type = (name: string, children: Readonly<Record<string, OutputType>> | null = null): OutputType => ({ type: name, children });

function conclude(outputs: CodeConfig['outputs'], json: string): unknown {
  const parsed = parseJson(json);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const conclusion = concludeCode(
    { language: 'javascript', code: '', variables: [], outputs },
    new Map<string, Value>([['result', parsed.value]]),
  );
  return conclusion.ok ? Object.fromEntries(conclusion.outputs) : conclusion.error.message;
}

describe('concludeCode', () => {
  it.each<readonly [string, CodeConfig['outputs'], string, unknown]>([
    ['declared outputs pass', { s: type('string'), n: type('number') }, '{"s": "x", "n": 2.0}', { s: 'x', n: { float: 2 } }],
    [
      'null passes for every type',
      { s: type('string'), o: type('object'), a: type('array[number]') },
      '{"s": null, "o": null, "a": null}',
      { s: null, o: null, a: null },
    ],
    ['a boolean counts as a number', { n: type('number') }, '{"n": true}', { n: 1 }],
    ['NUL characters are taken out', { s: type('string') }, '{"s": "a\\u0000b"}', { s: 'ab' }],
    ['nested children are checked', { o: type('object', { a: type('string') }) }, '{"o": {"a": "x"}}', { o: new Map([['a', 'x']]) }],
    ['an array of objects', { a: type('array[object]') }, '[]'.replace('[]', '{"a": [{"k": 1}]}'), { a: [new Map([['k', 1]])] }],
    ['a missing output', { s: type('string') }, '{}', 'output "s" is declared but was not returned'],
    [
      'an output too many',
      { s: type('string') },
      '{"s": "x", "t": 1}',
      expect.stringContaining('Not all output parameters are validated: "t"'),
    ],
    ['the wrong type', { s: type('string') }, '{"s": 1}', 'output "s" must be a string'],
    ['a number in a text array', { a: type('array[string]') }, '{"a": ["x", 1]}', 'output "a[1]" must be a string'],
    ['a missing child', { o: type('object', { a: type('string') }) }, '{"o": {}}', 'output "o.a" is declared but was not returned'],
    ['no object at all', { s: type('string') }, '[1]', expect.stringContaining('must return an object')],
    [
      'an array that is too long',
      { a: type('array[string]') },
      JSON.stringify({ a: Array.from({ length: 31 }, () => 'x') }),
      'output "a" has more than 30 items (setting limits.codeMaxStringArray)',
    ],
    [
      'a number beyond 64 bits',
      { n: type('number') },
      '{"n": 9223372036854775808}',
      expect.stringContaining('is beyond ±9223372036854775807'),
    ],
    [
      'a text that is too long',
      { s: type('string') },
      JSON.stringify({ s: 'x'.repeat(400_001) }),
      expect.stringContaining('setting limits.codeMaxString'),
    ],
  ])('%s', (_, outputs, json, expected) => expect(conclude(outputs, json)).toEqual(expected));

  it('nesting deeper than the limit is refused', () => {
    const deep = (depth: number): OutputType => (depth === 0 ? type('string') : type('object', { a: deep(depth - 1) }));
    const json = (depth: number): string => (depth === 0 ? '"x"' : `{"a": ${json(depth - 1)}}`);
    expect(conclude({ a: deep(6) }, `{"a": ${json(6)}}`)).toMatch(/setting limits.codeMaxDepth/);
  });
});
