import { describe, expect, it } from 'vitest';
import { decodeValue, float, type Value } from '../../schemas/core.ts';
import { importFlow } from '../index.ts';
import { dslText, flowOf, startNode } from '../testing/dsl.ts';
import { defaultValues } from './default-values.ts';

const read = (type: string | null, value: unknown): unknown => {
  const checked = defaultValues([{ key: 'k', type, value }]);
  return checked.ok ? checked.values.get('k') : checked.message;
};

describe('defaultValues', () => {
  it.each<readonly [string | null, unknown, Value]>([
    ['string', '', ''],
    ['string', '0x10', '0x10'],
    ['number', 5n, 5],
    ['number', 5, float(5)],
    ['number', '5', float(5)],
    ['number', ' 1_000\n', float(1000)],
    ['number', 'inf', float(Number.POSITIVE_INFINITY)],
    ['number', '-Infinity', float(Number.NEGATIVE_INFINITY)],
    ['number', 'NaN', float(Number.NaN)],
    ['number', '٤٢', float(42)],
    ['number', true, true],
    ['object', '{"a": [1, 2.0]}', new Map([['a', [1, float(2)]]])],
    ['object', { a: 1n }, new Map([['a', 1]])],
    ['array[number]', '[1, 2.0, true]', [1, float(2), true]],
    ['array[number]', [], []],
    ['array[string]', '["a"]', ['a']],
    ['array[object]', '[{"a": 1.0}]', [new Map([['a', float(1)]])]],
    ['array[file]', 'anything', 'anything'],
    ['array[file]', null, null],
  ])('%#: %s takes %s', (type, value, expected) => expect(read(type, value)).toEqual(expected));

  it.each<readonly [string | null, unknown, string]>([
    ['string', 5n, 'must be text (type string), not integer'],
    ['string', null, 'must be text (type string), not null'],
    ['string', undefined, 'must be text (type string), not null'],
    ['number', 'abc', 'must be a number (type number), not the text "abc"'],
    ['number', '0x10', 'must be a number (type number), not the text "0x10"'],
    ['number', '', 'must be a number (type number), not the text ""'],
    ['number', '\x1c5', 'must be a number (type number), not the text "\x1c5"'],
    ['number', null, 'must be a number (type number), not null'],
    ['object', '{bad', 'must be a JSON object (type object), not the text "{bad"'],
    ['object', '[1]', 'must be a JSON object (type object), not the text "[1]"'],
    ['object', '', 'must be a JSON object (type object), not the text ""'],
    ['array[number]', '[1,"x"]', 'must be a JSON list of numbers (type array[number]), not the text "[1,"x"]"'],
    ['array[string]', '["a", null]', 'must be a JSON list of texts (type array[string]), not the text "["a", null]"'],
    ['array[object]', '{}', 'must be a JSON list of objects (type array[object]), not the text "{}"'],
    ['weird', '1', 'has the unknown type "weird"'],
    ['boolean', true, 'has the unknown type "boolean"'],
    [null, 'x', 'has no type'],
  ])('%#: %s refuses %s', (type, value, problem) => expect(read(type, value)).toBe(`the default value of "k" ${problem}`));

  it('a key given twice has its last value', () => {
    const twice = defaultValues([
      { key: 'k', type: 'string', value: 'a' },
      { key: 'k', type: 'number', value: '2' },
    ]);
    expect(twice).toEqual({ ok: true, values: new Map([['k', float(2)]]) });
  });
});

describe('default values of a node', () => {
  const nodes = (strategy: string | null, value: string) => [
    startNode(),
    { id: 'h', type: 'http-request', error_strategy: strategy, default_value: [{ key: 'body', type: 'number', value }] },
    { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['h', 'body'] }] },
  ];
  const edges = ['start -> h', 'h -> end'] as const;

  it.each([null, 'fail-branch', 'default-value'])('a wrong one stops the import with the strategy %s', (strategy) => {
    expect(importFlow(dslText(nodes(strategy, 'abc'), edges))).toMatchObject({
      ok: false,
      message: 'node "h": the default value of "body" must be a number (type number), not the text "abc"',
    });
  });

  it('are in the plan with the strategy default-value only', () => {
    const planned = (strategy: string | null) =>
      decodeValue(flowOf(nodes(strategy, '1_000'), edges).plan.nodes.find((node) => node.id === 'h')?.defaults ?? null);
    expect(planned('default-value')).toEqual(new Map([['body', float(1000)]]));
    expect(planned(null)).toEqual(new Map());
  });
});
