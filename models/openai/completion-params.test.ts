import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapCompletionParams } from './completion-params.ts';

const map = (given: Record<string, unknown>, model = 'gpt-4o-mini', schema: unknown = null) => mapCompletionParams(given, model, schema);

describe('mapCompletionParams', () => {
  it.each([
    [{ temperature: 0.2, top_p: 0.9, max_tokens: 100, presence_penalty: 1, frequency_penalty: -1, seed: 7 }, undefined],
    [{ reasoning_effort: 'low' }, undefined],
    [{ stop: ['a', 'b'] }, undefined],
    [{}, undefined],
    [{ temperature: '0.5' }, { temperature: 0.5 }],
    [{ temperature: null, top_p: undefined }, {}],
    [{ stop: 'END' }, { stop: ['END'] }],
    [{ stop: ['', ''] }, {}],
    [{ response_format: 'text' }, { response_format: { type: 'text' } }],
    [{ response_format: 'json_object' }, { response_format: { type: 'json_object' } }],
    [{ response_format: { type: 'json_object' } }, { response_format: { type: 'json_object' } }],
    [
      { response_format: 'json_schema', json_schema: '{"name":"n","strict":true,"schema":{"type":"object"}}' },
      { response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: { type: 'object' } } } },
    ],
    [
      { json_schema: { type: 'object' }, response_format: 'json_schema' },
      { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } } },
    ],
  ])('%j', (given, expected) => {
    expect(map(given)).toEqual({ params: expected ?? given, warnings: [] });
  });

  it.each([
    [{ top_k: 40 }, 'top_k is not a parameter of OpenAI-compatible endpoints; it is left out'],
    [{ enable_thinking: false }, 'enable_thinking is not a parameter of OpenAI-compatible endpoints; it is left out'],
    [{ temperature: 'hot' }, 'temperature must be a number; it is left out'],
    [{ temperature: '' }, 'temperature must be a number; it is left out'],
    [{ max_tokens: Infinity }, 'max_tokens must be a number; it is left out'],
    [{ seed: true }, 'seed must be a number; it is left out'],
    [{ stop: 7 }, 'stop must be a text or a list of texts; it is left out'],
    [{ stop: ['a', 1] }, 'stop must be a text or a list of texts; it is left out'],
    [{ reasoning_effort: 3 }, 'reasoning_effort must be a text; it is left out'],
    [{ response_format: 'xml' }, 'response_format must be text, json_object or json_schema; it is left out'],
    [{ response_format: 'json_schema' }, 'response_format json_schema needs a json_schema that is an object; it is left out'],
    [
      { response_format: 'json_schema', json_schema: '{' },
      'response_format json_schema needs a json_schema that is an object; it is left out',
    ],
    [{ json_schema: '{}' }, 'json_schema has no response_format beside it; it is left out'],
  ])('%j is left out', (given, warning) => {
    expect(map(given)).toEqual({ params: {}, warnings: [warning] });
  });

  it('keeps four stops', () => {
    expect(map({ stop: ['a', 'b', 'c', 'd', 'e'] })).toEqual({
      params: { stop: ['a', 'b', 'c', 'd'] },
      warnings: ['stop may hold four texts; the others are left out'],
    });
  });

  it.each(['o1', 'o3-mini', 'gpt-5', 'gpt-5-nano'])('calls max_tokens of %s max_completion_tokens', (model) => {
    expect(map({ max_tokens: 9 }, model).params).toEqual({ max_completion_tokens: 9 });
    expect(map({ max_tokens: 9, max_completion_tokens: 5 }, model).params).toEqual({ max_completion_tokens: 5 });
  });

  it('a schema of the node takes precedence', () => {
    const schema = { type: 'object', properties: {} };
    expect(map({ response_format: 'text' }, 'm', schema).params).toEqual({
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
    });
  });

  it('never throws, and says of everything it leaves out', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('temperature', 'stop', 'response_format', 'json_schema', '__proto__', 'toString'));
    fc.assert(
      fc.property(fc.dictionary(name, fc.anything()), (given) => {
        const { params, warnings } = map(given);
        const set = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
        expect(Object.keys(params).length + warnings.length).toBeGreaterThanOrEqual(
          set.filter(([key, value]) => key !== 'json_schema' && !isEmptyStop(key, value)).length,
        );
        expect(JSON.stringify(params)).not.toContain('null');
      }),
    );
  });
});

// "No stops" is nothing left out.
const isEmptyStop = (key: string, value: unknown): boolean =>
  key === 'stop' && (value === '' || (Array.isArray(value) && value.every((stop) => stop === '')));
