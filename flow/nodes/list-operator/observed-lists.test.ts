import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isArray, isObject, parseJson, sameValue, toJsonText, type ObjectValue, type Value } from '../../../schemas/index.ts';
import { toYamlPlain } from '../../import/yaml-values.ts';
import { compileListOperator } from './compile.ts';
import type { ListOperatorConfig } from './config.ts';
import { startListOperator } from './start.ts';

/**
 * What graphon 0.8.0 did with list-operator nodes on `s.a` (= input), beside `s.needle` = "an" and `s.two` = 2. `refused`: its data could not be
 * read; `error`: the node failed.
 */
const parsed = parseJson(readFileSync(new URL('./fixtures/observed-lists.json', import.meta.url), 'utf8'));
const rows = parsed.ok && isArray(parsed.value) ? parsed.value.filter(isObject) : [];

const SETTINGS = ['filter_by', 'extract_by', 'order_by', 'limit'] as const;

function compile(row: ObjectValue): ListOperatorConfig | undefined {
  const data = new Map<string, Value>([['variable', ['s', 'a']]]);
  for (const name of SETTINGS) if (row.has(name)) data.set(name, row.get(name) ?? null);
  const result = compileListOperator(toYamlPlain(data));
  return result.ok && result.behaviour.kind === 'list-operator' ? result.behaviour.config : undefined;
}

describe('list-operator nodes do as they were seen to do', () => {
  it('has all rows', () => expect(rows.length).toBeGreaterThan(150));

  it.each(rows.map((row, at) => [at, toJsonText(row).slice(0, 200), row] as const))('%i %s', (_at, _text, row) => {
    const config = compile(row);
    if (row.get('refused') === true) return expect(config).toBeUndefined();
    if (config === undefined) throw new Error('it was refused');
    const pool = new Map<string, Value>([
      ['s.a', row.get('input') ?? null],
      ['s.needle', 'an'],
      ['s.two', 2],
    ]);
    const outcome = startListOperator(config, { lookup: (selector) => pool.get(selector.join('.')), modelMap: {} });
    const expected = row.get('outputs') ?? null;
    if (row.get('error') === true) return expect(outcome.kind).toBe('failed');
    if (outcome.kind !== 'finished') throw new Error(`it ended as ${outcome.kind}`);
    if (!sameValue(outcome.outputs, expected)) expect(toJsonText(outcome.outputs)).toBe(toJsonText(expected));
    expect(sameValue(outcome.outputs, expected)).toBe(true);
  });
});
