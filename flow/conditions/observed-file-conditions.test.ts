import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeValue, isArray, isObject, parseJson, toJsonText, type ObjectValue, type Value } from '../../schemas/index.ts';
import { compileCondition, evaluateConditions } from './index.ts';

/** What graphon 0.8.0 decided about lists of files by their attributes (`sub_variable_condition`), beside `s.k` = "a". */
const parsed = parseJson(readFileSync(new URL('./fixtures/observed-file-conditions.json', import.meta.url), 'utf8'));
const rows = parsed.ok && isArray(parsed.value) ? parsed.value.filter(isObject) : [];

function decide(row: ObjectValue): boolean | 'error' {
  const subConditions = new Map<string, Value>([
    ['logical_operator', row.get('logical_operator') ?? null],
    ['conditions', row.get('conditions') ?? []],
  ]);
  const operator = row.get('operator');
  const condition = compileCondition({
    selector: ['s', 'a'],
    operator: typeof operator === 'string' ? operator : '',
    value: null,
    subConditions: encodeValue(subConditions),
  });
  const decided = evaluateConditions([condition], 'and', ([, name]) => (name === 'a' ? row.get('files') : 'a'));
  return decided.ok ? decided.result : 'error';
}

describe('conditions on files decide as they were seen to', () => {
  it('has all rows', () => expect(rows.length).toBeGreaterThan(250));
  it.each(rows.map((row, at) => [at, toJsonText(row.get('conditions') ?? null), row] as const))('%i %s', (_at, _text, row) => {
    expect(decide(row)).toBe(row.get('error') === true ? 'error' : row.get('result'));
  });
});
