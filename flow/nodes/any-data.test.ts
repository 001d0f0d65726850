import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, integer, type Value } from '../../schemas/index.ts';
import { toYamlPlain } from '../import/yaml-values.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { compileBehaviour } from '../plan/compile-behaviour.ts';
import { concludeNode, startNode } from './kinds.ts';

/** Names and words of the DSL, so that random data comes near to what nodes have. */
const WORDS = {
  common: ['enabled', 'key', 'value', 'name', 'type', 'size', 'label', 'id', 'text', 'role', 'operation', 'required', 'options', 'mode'],
  'list-operator': ['variable', 'filter_by', 'conditions', 'comparison_operator', 'extract_by', 'serial', 'order_by', 'limit'],
  assigner: ['items', 'version', 'variable_selector', 'input_type', 'assigned_variable_selector', 'write_mode', 'input_variable_selector'],
  'parameter-extractor': [
    'model',
    'query',
    'parameters',
    'description',
    'instruction',
    'reasoning_mode',
    'memory',
    'vision',
    'window',
    'configs',
  ],
  llm: [
    'model',
    'prompt_template',
    'edition_type',
    'jinja2_text',
    'memory',
    'role_prefix',
    'context',
    'vision',
    'structured_output',
    'schema',
  ],
  'question-classifier': ['query_variable_selector', 'model', 'classes', 'instruction', 'memory', 'vision', 'configs', 'detail'],
  start: ['variables', 'variable', 'max_length', 'allowed_file_types', 'allowed_file_extensions', 'default'],
  'trigger-webhook': ['headers', 'params', 'body', 'method', 'content_type', 'status_code', 'response_body'],
  'trigger-schedule': ['frequency', 'visual_config', 'time', 'weekdays', 'monthly_days', 'cron_expression', 'timezone'],
  'trigger-plugin': ['plugin_id', 'provider_id', 'event_name', 'event_parameters'],
} as const;
const TEXTS = [
  '',
  'a',
  'contains',
  'asc',
  '2',
  '1',
  'variable',
  'constant',
  'over-write',
  '+=',
  'append',
  'jinja2',
  '{{ x }}',
  '{{#n.a#}}',
  'string',
  'number',
];
const ITEM: Value = new Map<string, Value>([
  ['variable_selector', ['n', 'a']],
  ['input_type', 'variable'],
  ['operation', 'extend'],
  ['value', ['n', 'a']],
]);
const MODEL: Value = new Map<string, Value>([
  ['provider', 'openai'],
  ['name', 'm'],
]);
const CLASS: Value = new Map([
  ['id', '1'],
  ['name', 'a'],
]);
/** Data that is as it should be, of which some is then replaced. */
const FINE: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  'list-operator': { variable: ['n', 'a'] },
  assigner: {
    version: '2',
    items: [ITEM],
    assigned_variable_selector: ['n', 'a'],
    write_mode: 'append',
    input_variable_selector: ['n', 'a'],
  },
  'parameter-extractor': { model: MODEL, query: ['n', 'a'] },
  llm: { model: MODEL, prompt_template: [new Map([['text', 'x {{#n.a#}} {{#context#}}']])] },
  'question-classifier': { model: MODEL, query_variable_selector: ['n', 'a'], classes: [CLASS] },
};
const TYPES = Object.keys(WORDS).filter((name) => name !== 'common') as readonly Exclude<keyof typeof WORDS, 'common'>[];

const scalar = fc.oneof(
  fc.constantFrom<Value>(null, true, false, ...TEXTS, ['n', 'a'], ['n', 'f'], []),
  fc.string(),
  fc.integer().map(integer),
  fc.bigInt().map(integer),
  fc.double().map(float),
);
const valueWith = (keys: readonly string[]): fc.Arbitrary<Value> =>
  fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }).map((entries): Value => new Map(Object.entries(entries))),
    ),
  })).value;

describe.each(TYPES)('a node of the type %s', (type) => {
  const keys = [...WORDS.common, ...WORDS[type]];
  const data = fc
    .dictionary(fc.constantFrom(...keys), valueWith(keys), { maxKeys: 4 })
    .map((entries): Value => new Map(Object.entries({ ...FINE[type], ...entries })));

  it('compiles or says why not, and ends whatever the variables hold', () => {
    let compiled = 0;
    fc.assert(
      fc.property(
        data,
        fc.option(valueWith(keys), { nil: undefined }),
        fc.dictionary(fc.constantFrom('text', 'usage', 'class_id', 'tool_arguments'), scalar),
        (given, variable, outputs) => {
          const result = compileBehaviour(type, toYamlPlain(given));
          if (!result.ok) {
            expect(result.message).not.toBe('');
            return;
          }
          compiled++;
          const outcome = startNode(result.behaviour, { lookup: () => variable, modelMap: {} });
          expect(['finished', 'failed', 'effect', 'passes']).toContain(outcome.kind);
          const concluded = concludeNode(result.behaviour, new Map(Object.entries(outputs)), { memo: null, limits: DEFAULT_LIMITS });
          if ('ok' in concluded && !concluded.ok) expect(concluded.error.message).not.toBe('');
          // A plan crosses process boundaries as JSON.
          expect(JSON.parse(JSON.stringify(result.behaviour))).toEqual(result.behaviour);
        },
      ),
      { numRuns: 400 },
    );
    expect(compiled).toBeGreaterThan(10);
  });
});
