import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue, type Json, type Value } from '../../../schemas/index.ts';
import type { NodeContext, NodeOutcome } from '../../engine/node-outcome.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import { compileLlm } from './compile.ts';
import { concludeLlm } from './conclude.ts';
import type { LlmConfig } from './config.ts';
import { startLlm } from './start.ts';

type Data = Readonly<Record<string, YamlPlain>>;

function configOf(data: Data): LlmConfig {
  const model = { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} };
  const compiled = compileLlm({ model, prompt_template: [{ role: 'user', text: 'x' }], ...data });
  if (!compiled.ok || compiled.behaviour.kind !== 'llm') throw new Error(compiled.ok ? 'it is no llm node' : compiled.message);
  return compiled.behaviour.config;
}

const contextOf = (pool: Readonly<Record<string, Json>>): NodeContext => ({
  modelMap: {},
  lookup: (selector) => {
    const json = pool[selector.join('.')];
    return json === undefined ? undefined : decodeValue(json);
  },
});

const start = (data: Data, pool: Readonly<Record<string, Json>> = {}): NodeOutcome => startLlm(configOf(data), contextOf(pool));

function asked(outcome: NodeOutcome) {
  if (outcome.kind !== 'effect' || outcome.request.kind !== 'llm') throw new Error(`it ended as ${JSON.stringify(outcome)}`);
  return outcome.request;
}

const said = (...texts: readonly string[]): Json => texts.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content }));

describe('memory', () => {
  const memory = (window: Data): Data => ({ window, query_prompt_template: '{{#sys.query#}}' });
  const pool = { 'sys.query': 'now?', 'sys.history': said('1', '2', '3', '4') };
  const contents = (window: Data): readonly unknown[] =>
    asked(start({ memory: memory(window) }, pool)).messages.map(({ content }) => content);

  it.each<[string, Data, readonly string[]]>([
    ['a window of one exchange', { enabled: true, size: 1 }, ['x', '3', '4', 'now?']],
    ['a window that is off', { enabled: false, size: 1 }, ['x', '1', '2', '3', '4', 'now?']],
    ['a window without a size', { enabled: true, size: null }, ['x', '1', '2', '3', '4', 'now?']],
    ['a window of nothing', { enabled: true, size: 0 }, ['x', 'now?']],
    ['a window that is wider', { enabled: true, size: 9 }, ['x', '1', '2', '3', '4', 'now?']],
  ])('%s', (_name, window, expected) => expect(contents(window)).toEqual(expected));

  it('is nothing for a node without one, and entries that are no messages are passed over', () => {
    expect(asked(start({}, pool)).messages).toEqual([{ role: 'user', content: 'x' }]);
    const odd = { ...pool, 'sys.history': [{ role: 'tool', content: 't' }, 7, { role: 'user', content: 5 }] };
    expect(asked(start({ memory: memory({ enabled: false }) }, odd)).messages.map(({ content }) => content)).toEqual(['x', '5', 'now?']);
  });
});

describe('a prompt that is one text', () => {
  const data = {
    prompt_template: { text: 'Say {{#start.a#}}' },
    memory: { role_prefix: { user: 'H', assistant: 'A' }, window: { enabled: false } },
  };
  it('has what was said before in front, and the query behind, where the text has no place for them', () => {
    const { messages } = asked(start(data, { 'start.a': 'a', 'sys.query': 'now?', 'sys.history': said('1', '2') }));
    expect(messages).toEqual([{ role: 'user', content: 'H: 1\nA: 2\nSay a\nnow?' }]);
  });

  it('fails without names for who spoke, but only when somebody spoke', () => {
    const nameless = { ...data, memory: { window: { enabled: false } } };
    expect(start(nameless, { 'start.a': 'a', 'sys.history': said('1') })).toMatchObject({
      kind: 'failed',
      error: { type: 'MemoryRolePrefixRequiredError' },
    });
    expect(asked(start(nameless, { 'start.a': 'a', 'sys.query': 'q' })).messages).toEqual([{ role: 'user', content: 'Say a\nq' }]);
  });

  it('does not take the marks from what a variable holds', () => {
    const { messages } = asked(start({ ...data, memory: null }, { 'start.a': '{{#histories#}} #histories# {{#context#}}' }));
    expect(messages).toEqual([{ role: 'user', content: 'Say {{#histories#}} #histories# {{#context#}}' }]);
  });
});

describe('context', () => {
  const data = {
    prompt_template: [{ role: 'user', text: 'c: {{#context#}}!' }],
    context: { enabled: true, variable_selector: ['kb', 'result'] },
  };
  const content = (result: Json): unknown => asked(start(data, { 'kb.result': result })).messages[0]?.content;

  it.each<[string, Json, string]>([
    ['a text', 'plain', 'c: plain!'],
    ['passages', [{ content: 'one' }, { content: 'two', summary: 'short' }], 'c: one\nshort\ntwo!'],
    ['texts', ['one', 'two'], 'c: one\ntwo!'],
    ['nothing', [], 'c: !'],
    ['null', null, 'c: !'],
    ['a number, which is no context', 5, 'c: !'],
  ])('%s', (_name, result, expected) => expect(content(result)).toBe(expected));

  it('with a passage that has no content fails', () => {
    expect(start(data, { 'kb.result': [{ text: 'x' }] })).toMatchObject({
      kind: 'failed',
      error: { type: 'InvalidContextStructureError' },
    });
    expect(start(data, { 'kb.result': [1] })).toMatchObject({ kind: 'failed' });
  });
});

describe('vision', () => {
  const file = (rest: Json): Json => ({ dify_model_identity: '__dify__file__', type: 'image', ...(rest as object) });
  const data = { vision: { enabled: true, configs: { variable_selector: ['start', 'f'], detail: 'low' } } };

  it.each<[string, Json, Json]>([
    [
      'by its address',
      file({ transfer_method: 'remote_url', remote_url: 'https://f.test/a' }),
      { type: 'image_url', url: 'https://f.test/a', detail: 'low' },
    ],
    [
      'whose address would name a secret, without it',
      file({ transfer_method: 'remote_url', remote_url: 'https://f.test/?k=\ufdd0KEY\ufdd1' }),
      { type: 'image_url', url: 'https://f.test/?k=\ufffdKEY\ufffd', detail: 'low' },
    ],
    [
      'spelt out',
      file({ transfer_method: 'tool_file', url: 'data:image/png;base64,AA' }),
      { type: 'image_url', url: 'data:image/png;base64,AA', detail: 'low' },
    ],
    [
      'that lies with us',
      file({ transfer_method: 'local_file', related_id: 'f1', filename: 'a.png', url: 'files/f1' }),
      {
        type: 'image_file',
        detail: 'low',
        file: { name: 'a.png', extension: null, mimeType: null, transferMethod: 'local_file', url: 'files/f1', relatedId: 'f1' },
      },
    ],
  ])('shows a picture %s', (_name, given, part) => {
    expect(asked(start(data, { 'start.f': given })).messages).toEqual([{ role: 'user', content: [part, { type: 'text', text: 'x' }] }]);
  });

  it('shows nothing where there is nothing, or it is off, and fails on what is no file', () => {
    for (const nothing of [null, []]) expect(asked(start(data, { 'start.f': nothing })).messages).toEqual([{ role: 'user', content: 'x' }]);
    expect(asked(start(data)).messages).toEqual([{ role: 'user', content: 'x' }]);
    expect(asked(start({ vision: { enabled: false } }, { 'sys.files': [file({})] })).messages).toEqual([{ role: 'user', content: 'x' }]);
    expect(start(data, { 'start.f': 'a.png' })).toMatchObject({ kind: 'failed', error: { type: 'InvalidVariableTypeError' } });
  });

  it('tells the inputs of the node without what is spelt out', () => {
    const outcome = start(data, { 'start.f': file({ transfer_method: 'remote_url', remote_url: 'data:image/png;base64,AAAA' }) });
    expect(JSON.stringify(encodeValue(outcome.inputs))).not.toContain('AAAA');
  });
});

describe('parameters of the model', () => {
  it('may name variables, which are read as numbers and booleans where they are', () => {
    const completion_params = { temperature: '{{#start.t#}}', stop: 'a {{#start.t#}}', flag: '{{#start.f#}}', top_p: 0.5, plain: '#' };
    const model = { provider: 'p', name: 'm', mode: 'chat', completion_params };
    const { model: ref } = asked(start({ model }, { 'start.t': '0.7', 'start.f': true }));
    // "True" is Python's spelling and no JSON, so it stays a text, as in Dify.
    expect(ref.params).toEqual({ temperature: 0.7, stop: 'a 0.7', flag: 'True', top_p: 0.5, plain: '#' });
  });
});

describe('structured output', () => {
  const config = configOf({ structured_output_enabled: true, structured_output: { schema: { type: 'object' } } });
  const structured = (text: string): unknown => {
    const concluded = concludeLlm(config, new Map<string, Value>([['text', text]]));
    return concluded.ok ? encodeValue(concluded.outputs.get('structured_output') ?? null) : concluded.error.type;
  };
  it.each<[string, unknown]>([
    ['{"a": 1.0}', { a: { $float: 1 } }],
    ['<think>{"a": 2}</think>\n{"a": 1}', { a: 1 }],
    ['Sure:\n```\n{"a": 1}\n```', { a: 1 }],
    ['[1, {"a": 1}]', { a: 1 }],
    ["{'a': 'it's', b: [1, 2", { a: "it's", b: [1, 2] }],
    ['{}', {}],
    ['no JSON at all', 'OutputParserError'],
    ['of the set {}, nothing', {}],
    ['7', 'OutputParserError'],
    ['', 'OutputParserError'],
  ])('%j', (text, expected) => expect(structured(text)).toEqual(expected));
});
