import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isArray, isObject, parseJson, sameValue, toJsonText, type Value } from '../../../schemas/index.ts';
import { toYamlPlain } from '../../import/yaml-values.ts';
import { compileExtractor } from './compile.ts';
import { concludeExtractor } from './conclude.ts';

/** What graphon 0.8.0 made of a model's text, or of the arguments it called the tool with, for nodes with these parameters. */
const parsed = parseJson(readFileSync(new URL('./fixtures/observed-extractions.json', import.meta.url), 'utf8'));
const rows = parsed.ok && isArray(parsed.value) ? parsed.value.filter(isObject) : [];

describe('parameter-extractor nodes read replies as they were seen to do', () => {
  it('has all rows', () => expect(rows.length).toBeGreaterThan(150));

  it.each(rows.map((row, at) => [at, toJsonText(row).slice(0, 300), row] as const))('%i %s', (_at, _text, row) => {
    const data = new Map<string, Value>([
      ['model', new Map([['name', 'm']])],
      ['query', ['s', 'q']],
      ['parameters', row.get('parameters') ?? []],
    ]);
    const compiled = compileExtractor(toYamlPlain(data));
    if (!compiled.ok || compiled.behaviour.kind !== 'parameter-extractor') throw new Error('it was refused');
    const outputs = new Map<string, Value>([
      ['text', row.get('text') ?? ''],
      ['tool_arguments', row.get('call') ?? null],
    ]);
    const conclusion = concludeExtractor(compiled.behaviour.config, outputs);
    if (!conclusion.ok) throw new Error(conclusion.error.message);
    const { __is_success: success, __reason: reason, __usage: usage, ...values } = Object.fromEntries(conclusion.outputs);
    expect(success).toBe(row.get('success'));
    expect(reason === null).toBe(success === 1);
    expect(usage).toBeNull();
    const found = new Map(Object.entries(values));
    const expected = row.get('values') ?? null;
    if (!sameValue(found, expected)) expect(toJsonText(found)).toBe(toJsonText(expected));
    expect(sameValue(found, expected)).toBe(true);
  });
});
