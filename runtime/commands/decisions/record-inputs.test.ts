import { describe, expect, it } from 'vitest';
import { importFlow, type Plan } from '../../../flow/index.ts';
import { isObject, parseJson, type ObjectValue } from '../../../schemas/index.ts';
import { recordInputs, type RecordShape } from './record-inputs.ts';
import { chatFlow, rulesFlow } from '../sources/source-rig.ts';

function planOf(dsl: string): Plan {
  const imported = importFlow(dsl);
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
}

function fieldsOf(json: string): ObjectValue {
  const parsed = parseJson(json);
  if (!parsed.ok || !isObject(parsed.value)) throw new Error(`not an object: ${json}`);
  return parsed.value;
}

const plain: RecordShape = { inputMap: {}, queryField: null, keyField: null };
const rules = planOf(rulesFlow());
const chat = planOf(chatFlow());

describe('recordInputs', () => {
  const taken: readonly (readonly [string, Plan, Partial<RecordShape>, string, object])[] = [
    [
      'fields by the names of inputs, others dropped',
      rules,
      {},
      '{"text":"a","label":"x","score":1.0}',
      { inputs: { text: 'a', score: { float: 1 } } },
    ],
    ['a mapped field', rules, { inputMap: { text: 'body' } }, '{"body":"a","text":"b"}', { inputs: { text: 'a' } }],
    ['an optional input that is null', rules, {}, '{"text":"a","score":null}', { inputs: { text: 'a', score: null } }],
    ['a query where one is named', rules, { queryField: 'q' }, '{"text":"a","q":"b"}', { inputs: { text: 'a' }, query: 'b' }],
    ['the text of a chat flow as its query', chat, {}, '{"text":"a"}', { inputs: {}, query: 'a' }],
    ['a key of text', rules, { keyField: 'id' }, '{"text":"a","id":" x "}', { inputs: { text: 'a' }, key: ' x ' }],
    [
      'an integer as a key',
      rules,
      { keyField: 'id' },
      '{"text":"a","id":9007199254740993}',
      { inputs: { text: 'a' }, key: '9007199254740993' },
    ],
    ['a float as a key', rules, { keyField: 'id' }, '{"text":"a","id":1.0}', { inputs: { text: 'a' }, key: '1.0' }],
    ['no key where there is none', rules, { keyField: 'id' }, '{"text":"a"}', { inputs: { text: 'a' } }],
    ['no key for an empty one', rules, { keyField: 'id' }, '{"text":"a","id":""}', { inputs: { text: 'a' } }],
    ['nothing from names that JavaScript knows', rules, { keyField: 'constructor' }, '{"text":"a"}', { inputs: { text: 'a' } }],
  ];
  it.each(taken)(
    'takes %s',
    (_, plan, shape, json, { inputs, ...rest }: { readonly inputs?: object; readonly query?: string; readonly key?: string }) => {
      const read = recordInputs(plan, { ...plain, ...shape }, fieldsOf(json));
      expect(read).toEqual({ ok: true, inputs: new Map(Object.entries(inputs ?? {})), query: undefined, key: null, ...rest });
    },
  );

  const refused: readonly (readonly [string, Plan, Partial<RecordShape>, string])[] = [
    ['it does not fit flow "rules": input "text" is required', rules, {}, '{"body":"a"}'],
    ['it does not fit flow "rules": input "text" is required', rules, { inputMap: { text: 'constructor' } }, '{"text":"a"}'],
    ['it has no text in the field "q", which is the query of flow "rules"', rules, { queryField: 'q' }, '{"text":"a","q":""}'],
    ['it has no text in the field "text", which is the query of flow "chat"', chat, {}, '{"text":["a"]}'],
    ['its key (field "id") is neither text nor a number', rules, { keyField: 'id' }, '{"text":"a","id":true}'],
  ];
  it.each(refused)('refuses with: %s', (message, plan, shape, json) => {
    expect(recordInputs(plan, { ...plain, ...shape }, fieldsOf(json))).toEqual({ ok: false, message });
  });
});
