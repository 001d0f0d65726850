import { describe, expect, it } from 'vitest';
import { objectOf, type Value } from '../schemas/index.ts';
import { maskSecrets } from './mask-secrets.ts';

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
  it('an empty secret masks nothing', () => expect(maskSecrets('abc', [''])).toBe('abc'));
});
