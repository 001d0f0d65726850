import { describe, expect, it } from 'vitest';
import { objectOf, type SecretRef, type Value } from '../../../schemas/index.ts';
import type { AssignItem } from './config.ts';
import { applyItems, type Applied } from './apply.ts';

const secret: SecretRef = { secret: 'KEY', version: '1' };
const pool: Readonly<Record<string, Value>> = {
  'env.key': secret,
  'conversation.s': '',
  'conversation.n': 1,
  'conversation.l': ['a'],
  'conversation.o': objectOf([]),
};
const types: Readonly<Record<string, string>> = {
  'conversation.s': 'string',
  'conversation.n': 'number',
  'conversation.l': 'array[string]',
  'conversation.o': 'object',
};

const apply = (target: string, operation: AssignItem['operation']): Applied =>
  applyItems([{ target: ['conversation', target], operation, input: { kind: 'variable', selector: ['env', 'key'] } }], {
    lookup: (selector) => pool[selector.join('.')],
    typeOf: (selector) => types[selector.join('.')],
  });

describe('a secret', () => {
  it('is passed on as the name of a secret, where a text may stand', () => {
    expect(apply('s', 'over-write')).toEqual({ ok: true, updates: [{ selector: ['conversation', 's'], value: secret }] });
    expect(apply('l', 'append')).toEqual({ ok: true, updates: [{ selector: ['conversation', 'l'], value: ['a', secret] }] });
  });

  it('is no number, object or list', () => {
    for (const [target, operation] of [
      ['n', 'over-write'],
      ['o', 'over-write'],
      ['l', 'extend'],
    ] as const)
      expect(apply(target, operation)).toMatchObject({ ok: false });
  });
});
