import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, objectOf, type MetadataCondition, type Value } from '../../schemas/core.ts';
import { metadataFilter } from './metadata-filter.ts';
import { tokenize } from './tokenize.ts';
import { createWordIndex } from './word-index.ts';

describe('tokenize', () => {
  it.each<readonly [string, readonly string[]]>([
    ['Refunds, policies and TAXES!', ['refund', 'policy', 'and', 'taxe']],
    ['Glass status buses', ['glass', 'status', 'buse']],
    ['垃圾信息 账', ['垃圾', '圾信', '信息', '账']],
    ['ＵＳＤ１００退款', ['usd100', '退款']],
    ['v2.0 a_b naïve', ['v2', '0', 'a', 'b', 'naïve']],
    ['', []],
  ])('%s', (text, wanted) => expect(tokenize(text)).toEqual(wanted));
});

describe('the index of words', () => {
  const passages = ['refunds are paid in 30 days', 'spam accounts are banned', 'spam spam spam', '退款在三十天内支付', ''];
  const index = createWordIndex(passages);
  const order = (query: string, allowed = (_: number): boolean => true): readonly number[] =>
    Array.from(index.search(query, allowed))
      .toSorted((a, b) => b[1] - a[1])
      .map(([passage]) => passage);

  it('has the passage first that holds more and rarer words of the query', () => {
    expect(order('spam')).toEqual([2, 1]);
    expect(order('banned spam')).toEqual([1, 2]);
    expect(order('refund 退款')).toEqual([0, 3]);
    expect(order('nothing')).toEqual([]);
    expect(order('!?')).toEqual([]);
  });

  it('leaves out what is not allowed', () => expect(order('spam', (passage) => passage !== 2)).toEqual([1]));

  it('scores between 0 and 1, and a query that holds more words scores none higher', () => {
    const words = fc.constantFrom('spam', 'refund', 'are', 'paid', 'unknown', '退款', 'banned');
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 6 }), (query) => {
        for (const score of index.search(query.join(' '), () => true).values()) {
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThan(1);
        }
      }),
    );
  });
});

describe('a filter of metadata', () => {
  const metadata = objectOf([
    ['area', 'payments'],
    ['level', 2],
    ['rate', float(1)],
    ['made', '2026-01-02'],
    ['empty', ''],
    ['tags', ['a', 'b']],
  ] satisfies readonly (readonly [string, Value])[]);
  const passes = (name: string, operator: string, value: MetadataCondition['value']): boolean | string => {
    const check = metadataFilter({ logic: 'and', conditions: [{ name, operator, value }] });
    return check.ok ? check.passes(metadata) : check.message;
  };

  it.each<readonly [string, string, MetadataCondition['value'], boolean]>([
    ['area', 'is', 'payments', true],
    ['area', 'is not', 'payments', false],
    ['area', 'contains', 'pay', true],
    ['area', 'not contains', 'pay', false],
    ['area', 'start with', 'ments', false],
    ['area', 'end with', 'ments', true],
    ['area', 'in', ['chat', 'payments'], true],
    ['area', 'in', 'chat, payments', true],
    ['area', 'not in', 'chat', true],
    ['level', '=', 2, true],
    ['level', '=', '2.0', true],
    ['level', '≠', 2, false],
    ['level', '>', 1, true],
    ['rate', '≤', '1', true],
    ['rate', '<', 1, false],
    ['area', '≥', 1, false],
    ['made', 'before', '1800000000', true],
    ['made', 'after', '1800000000', false],
    ['empty', 'empty', null, true],
    ['area', 'empty', null, false],
    ['area', 'not empty', null, true],
    ['tags', 'contains', 'b', true],
    ['gone', 'is not', 'x', false],
    ['gone', 'empty', null, true],
    ['area', 'is', null, true],
  ])('%s %s %j: %s', (name, operator, value, wanted) => expect(passes(name, operator, value)).toBe(wanted));

  it('joins conditions by and or or, and refuses an operator that there is not', () => {
    const conditions = [
      { name: 'area', operator: 'is', value: 'payments' },
      { name: 'level', operator: '>', value: 5 },
    ];
    for (const [logic, wanted] of [
      ['and', false],
      ['or', true],
    ] as const) {
      const check = metadataFilter({ logic, conditions });
      expect(check.ok && check.passes(metadata)).toBe(wanted);
    }
    expect(passes('area', 'like', 'x')).toBe('the metadata filter on "area" has the unknown operator "like"');
  });
});
