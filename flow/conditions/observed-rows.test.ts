import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue, isArray, isObject, parseJson, type Json, type Value } from '../../schemas/core.ts';
import type { Lookup } from '../text/index.ts';
import { compileCondition, evaluateConditions } from './index.ts';

type Row = { readonly operator: string; readonly actual: Value | undefined; readonly expected: Json };

const NAMES: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['needle', 'pho'],
  ['seven', 7],
  ['ratio', { float: 2 }],
  ['yes', true],
  ['names', ['a', 'b']],
]);

function decide({ operator, actual, expected }: Row): 'T' | 'F' | 'E' {
  const lookup: Lookup = ([node, name = '', ...rest]) => {
    if (node !== 'n' || rest.length > 0) return undefined;
    return name === 'v' ? actual : NAMES.get(name);
  };
  const condition = compileCondition({ selector: ['n', 'v'], operator, value: expected });
  const result = evaluateConditions([condition], 'and', lookup);
  return result.ok ? (result.result ? 'T' : 'F') : 'E';
}

type Table = {
  readonly actuals: readonly ({ readonly missing: true } | { readonly value: Json })[];
  readonly expecteds: readonly Json[];
  readonly results: Readonly<Record<string, readonly string[]>>;
};

describe('observed comparisons', () => {
  const table: Table = JSON.parse(readFileSync(new URL('./fixtures/observed-conditions.json', import.meta.url), 'utf8'));

  it.each(Object.entries(table.results))('%s decides every pair of the table as Dify does', (operator, rows) => {
    const decided = table.actuals.map((cell) => {
      const actual = 'value' in cell ? decodeValue(cell.value) : undefined;
      return table.expecteds.map((expected) => decide({ operator, actual, expected })).join('');
    });
    expect(decided).toEqual(rows);
    expect(decided).toHaveLength(table.actuals.length);
  });
});

const SHARED = new URL('../../../shared/cases/conditions.json', import.meta.url);
const absent = !existsSync(SHARED);

describe.skipIf(absent)(absent ? 'conditions of ../shared (skipped: ../shared is absent)' : 'conditions of ../shared', () => {
  const rows = absent ? [] : sharedRows(readFileSync(SHARED, 'utf8'));

  it('has rows', () => expect(rows.length).toBeGreaterThan(100));

  it.each(rows)('$operator on $shown', ({ row, want }) => {
    expect(decide(row)).toBe(want);
  });
});

function sharedRows(text: string) {
  const parsed = parseJson(text);
  const rows = parsed.ok && isObject(parsed.value) ? (parsed.value.get('rows') ?? null) : null;
  if (!isArray(rows)) throw new Error('conditions.json has no rows');
  return rows.filter(isObject).map((cells) => {
    const actual = cells.get('actual') ?? null;
    const result = cells.get('result');
    const expected = encodeValue(cells.get('expected') ?? null);
    const named = cells.get('operator');
    const operator = typeof named === 'string' ? named : '';
    const want = result === true ? 'T' : result === false ? 'F' : 'E';
    return {
      operator,
      shown: JSON.stringify([encodeValue(actual), expected]),
      row: { operator, actual: actual === '__missing__' ? undefined : actual, expected },
      want,
    };
  });
}
