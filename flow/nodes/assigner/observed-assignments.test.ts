import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isArray, isObject, parseJson, sameValue, toJsonText, type ObjectValue, type Value } from '../../../schemas/index.ts';
import type { NodeContext } from '../../engine/node-outcome.ts';
import { toYamlPlain } from '../../import/yaml-values.ts';
import { lookupIn } from '../../text/index.ts';
import { compileAssigner } from './compile.ts';
import type { AssignerConfig } from './config.ts';
import { startAssigner } from './start.ts';

/**
 * What graphon 0.8.0 did with assigners on variables of the conversation of the given types, beside `s.…` (sources), which nothing declares.
 * `updates`: the variables that changed, in order.
 */
const parsed = parseJson(readFileSync(new URL('./fixtures/observed-assignments.json', import.meta.url), 'utf8'));
const rowsOf = (version: string): readonly ObjectValue[] => {
  const rows = parsed.ok && isObject(parsed.value) ? (parsed.value.get(version) ?? null) : null;
  return isArray(rows) ? rows.filter(isObject) : [];
};
const at = (value: Value | undefined, name: string): Value | undefined =>
  value !== undefined && isObject(value) ? value.get(name) : undefined;

function contextOf(row: ObjectValue): NodeContext {
  const variable = ([space, name = '']: readonly string[]): Value | undefined =>
    space === 'conversation' ? at(at(row.get('variables'), name), 'value') : space === 's' ? at(row.get('sources'), name) : undefined;
  return {
    modelMap: {},
    lookup: (selector) => {
      const value = variable(selector);
      return value === undefined || selector.length === 2 ? value : lookupIn(value, selector.slice(2));
    },
    typeOf: ([space, name = '']) => {
      const type = space === 'conversation' ? at(at(row.get('variables'), name), 'type') : undefined;
      if (type !== 'number') return typeof type === 'string' ? type : undefined;
      const value = at(at(row.get('variables'), name), 'value');
      return typeof value === 'bigint' || Number.isInteger(value) ? 'integer' : 'float';
    },
  };
}

function compile(row: ObjectValue, names: readonly string[]): AssignerConfig | undefined {
  const result = compileAssigner(toYamlPlain(new Map([...row].filter(([name]) => names.includes(name)))));
  return result.ok && result.behaviour.kind === 'assigner' ? result.behaviour.config : undefined;
}

function expectRow(row: ObjectValue, config: AssignerConfig | undefined): void {
  if (row.get('refused') === true) return expect(config).toBeUndefined();
  if (config === undefined) throw new Error('it was refused');
  const outcome = startAssigner(config, contextOf(row));
  if (row.get('error') === true) return expect(outcome.kind).toBe('failed');
  if (outcome.kind !== 'finished') throw new Error(`it ended as ${outcome.kind}: ${JSON.stringify(outcome)}`);
  const written: Value = (outcome.writes ?? []).map(({ selector, value }) => [[...selector], value]);
  const expected = row.get('updates') ?? null;
  if (!sameValue(written, expected)) expect(toJsonText(written)).toBe(toJsonText(expected));
  expect(sameValue(written, expected)).toBe(true);
  expect(outcome.outputs.size).toBe(0);
}

describe('assigners do as they were seen to do', () => {
  const second = rowsOf('v2');
  const first = rowsOf('v1');
  it('has all rows', () => {
    expect(second.length).toBeGreaterThan(200);
    expect(first.length).toBeGreaterThan(30);
  });
  it.each(second.map((row, i) => [i, toJsonText(row).slice(0, 300), row] as const))('version 2: %i %s', (_at, _text, row) => {
    expectRow(row, compile(row, ['items']));
  });
  it.each(first.map((row, i) => [i, toJsonText(row).slice(0, 300), row] as const))('version 1: %i %s', (_at, _text, row) => {
    expectRow(row, compile(row, ['assigned_variable_selector', 'write_mode', 'input_variable_selector']));
  });
});
