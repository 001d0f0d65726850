import { describe, expect, it } from 'vitest';
import { objectOf, type Value } from '../schemas/index.ts';
import { maskOutputs, maskSecrets } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it.each<readonly [string, Value, Value]>([
    ['text', 'a hunter22 b hunter22', 'a *** b ***'],
    [
      'nested',
      objectOf([['x', ['hunter22', 1, objectOf([['y', 'z hunter22']])]]]),
      objectOf([['x', ['***', 1, objectOf([['y', 'z ***']])]]]),
    ],
    ['keys', objectOf([['hunter22', true]]), objectOf([['***', true]])],
    [
      'what holds none',
      objectOf([
        ['n', 2.5],
        ['f', { float: 2 }],
        ['s', { secret: 'A', version: '1' }],
      ]),
      objectOf([
        ['n', 2.5],
        ['f', { float: 2 }],
        ['s', { secret: 'A', version: '1' }],
      ]),
    ],
  ])('%s', (_, value, expected) => expect(maskSecrets(value, ['hunter22'])).toEqual(expected));

  it('a longer secret that holds a shorter one is masked whole', () =>
    expect(maskSecrets('hunter22-long', ['hunter22-long', 'hunter22'])).toBe('***'));
  it.each<readonly [string, string, string, string]>([
    ['a short secret that is the whole text', 'abc', 'abc', '***'],
    ['a short secret within a text', 'abc', 'x abc', 'x abc'],
    ['4 characters within a text', 'abcd', 'x abcd', 'x ***'],
    ['without the blanks around it', ' hunter22\n', 'x hunter22 y', 'x *** y'],
    ['escaped as in JSON', 'a"b\\c\nd', JSON.stringify({ k: 'a"b\\c\nd' }), '{"k":"***"}'],
    ['escaped twice', 'a"b\\c\nd', JSON.stringify(JSON.stringify('a"b\\c\nd')), String.raw`"\"***\""`],
    ['as in a URL', 'a b/c?', 'https://x/?k=a%20b%2Fc%3F&l=a+b%2Fc%3F', 'https://x/?k=***&l=***'],
    ['half a surrogate pair', 'abc\ud800', 'x abc\ud800', 'x ***'],
  ])('%s', (_, secret, text, expected) => expect(maskSecrets(text, [secret])).toBe(expected));

  it('names of outputs, and outputs that steer the run, stay', () => {
    const outputs = objectOf([
      ['true', 'true'],
      ['$handle', 'true'],
    ]);
    expect(maskOutputs(outputs, ['true'], ['$handle'])).toEqual(
      objectOf([
        ['true', '***'],
        ['$handle', 'true'],
      ]),
    );
  });
  it('an empty secret masks nothing', () => expect(maskSecrets('abc', [''])).toBe('abc'));
});
