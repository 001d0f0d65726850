import { describe, expect, it } from 'vitest';
import type { ChatReply, ChatRequest, EffectRequest, FileContents, ModelAbility, ModelRouter } from '../schemas/index.ts';
import { performClassifier } from './classifier-effect.ts';
import { performLlm } from './llm-effect.ts';
import { performExtractor } from './parameter-extractor-effect.ts';

const REPLY: ChatReply = {
  text: 'ham',
  finishReason: 'stop',
  inputTokens: 1000,
  outputTokens: 100,
  cost: 0.0003,
  prices: { inputPerMillion: 0.2, outputPerMillion: 1 },
  calls: 1,
  elapsedMs: 1234.4,
};
const signal = new AbortController().signal;
const model = { provider: 'openai', name: 'm', mode: 'chat', params: {} } as const;

/** Models that keep what they were asked. */
function router(reply: Partial<ChatReply> = {}, without: readonly ModelAbility[] = []) {
  const asked: ChatRequest[] = [];
  const models: ModelRouter = {
    resolve: () =>
      Promise.resolve({
        kind: 'chat',
        name: 'served',
        version: '1',
        hasPrice: true,
        without,
        model: {
          complete: (request) => {
            asked.push(request);
            return Promise.resolve({ ok: true, reply: { ...REPLY, ...reply } });
          },
        },
      }),
  };
  return { models, asked };
}

type LlmRequest = Extract<EffectRequest, { kind: 'llm' }>;
const llm = (rest: Partial<LlmRequest> = {}): LlmRequest => ({
  kind: 'llm',
  model,
  messages: [{ role: 'user', content: 'x' }],
  schema: null,
  text: 'x',
  ...rest,
});
const schema = { type: 'object', properties: { a: { type: 'string' } } };

describe('performLlm', () => {
  it('tells usage with prices and seconds, and thoughts before the text', async () => {
    const performed = await performLlm(llm(), router({ reasoning: 'hm' }), { signal });
    expect(performed).toMatchObject({ usage: { inputTokens: 1000, outputTokens: 100, cost: 0.0003, calls: 1 }, elapsedMs: 1234.4 });
    const outputs = 'outputs' in performed ? performed.outputs : new Map();
    expect(outputs.get('text')).toBe('<think>\nhm\n</think>ham');
    expect(outputs.get('finish_reason')).toBe('stop');
    expect(Object.fromEntries(outputs.get('usage') as ReadonlyMap<string, unknown>)).toEqual({
      prompt_tokens: 1000,
      prompt_unit_price: '0.2',
      prompt_price_unit: '0.000001',
      prompt_price: '0.0002000',
      completion_tokens: 100,
      completion_unit_price: '1',
      completion_price_unit: '0.000001',
      completion_price: '0.0001000',
      total_tokens: 1100,
      total_price: '0.0003000',
      currency: 'USD',
      latency: 1.234,
      time_to_first_token: null,
      time_to_generate: null,
    });
  });

  it('gives the schema to a model that takes one, and puts it into the prompt of one that does not', async () => {
    const able = router();
    await performLlm(llm({ schema }), able, { signal });
    expect(able.asked).toMatchObject([{ schema, messages: [{ role: 'user', content: 'x' }] }]);
    const unable = router({}, ['json-schema']);
    await performLlm(
      llm({
        schema,
        messages: [
          { role: 'system', content: 'Sort.' },
          { role: 'user', content: 'x' },
        ],
      }),
      unable,
      { signal },
    );
    expect(unable.asked).toMatchObject([{ schema: null, messages: [{ role: 'system' }, { role: 'user', content: 'x' }] }]);
    expect(unable.asked[0]?.messages[0]?.content).toContain(JSON.stringify(schema));
    const completing = router();
    await performLlm(llm({ schema, model: { ...model, mode: 'completion' } }), completing, { signal });
    expect(completing.asked).toMatchObject([{ mode: 'completion', schema: null, messages: [{ role: 'system' }, { role: 'user' }] }]);
  });

  const file = { name: 'a.png', extension: '.png', mimeType: 'image/png', transferMethod: 'local_file', url: null, relatedId: 'f1' };
  const shown = llm({
    messages: [
      { role: 'system', content: [{ type: 'image_file', file, detail: 'high' }] },
      {
        role: 'user',
        content: [
          { type: 'image_file', file, detail: 'low' },
          { type: 'text', text: 'x' },
        ],
      },
    ],
  });
  const files: FileContents = { read: () => Promise.resolve({ ok: true, bytes: new Uint8Array([1, 2, 3]), mimeType: null }) };

  it('spells out pictures that lie with us', async () => {
    const { models, asked } = router();
    await performLlm(shown, { models, files }, { signal });
    const url = 'data:image/png;base64,AQID';
    expect(asked[0]?.messages).toEqual([
      { role: 'system', content: [{ type: 'image_url', url, detail: 'high' }] },
      {
        role: 'user',
        content: [
          { type: 'image_url', url, detail: 'low' },
          { type: 'text', text: 'x' },
        ],
      },
    ]);
  });

  it('leaves pictures out where the model cannot look at them, and reads none', async () => {
    const { models, asked } = router({}, ['vision']);
    const never: FileContents = { read: () => Promise.reject(new Error('nobody asked for it')) };
    await performLlm(shown, { models, files: never }, { signal });
    expect(asked[0]?.messages).toEqual([{ role: 'user', content: 'x' }]);
  });

  it('fails before the call when a picture cannot be read', async () => {
    const { models, asked } = router();
    const gone: FileContents = {
      read: () => Promise.resolve({ ok: false, message: 'it is gone', type: 'FileNotFoundError', retryable: false }),
    };
    expect(await performLlm(shown, { models, files: gone }, { signal })).toMatchObject({
      failure: { message: 'it is gone', type: 'FileNotFoundError' },
    });
    expect(await performLlm(shown, { models }, { signal })).toMatchObject({
      failure: { message: expect.stringContaining('a.png') as string },
    });
    expect(asked).toEqual([]);
  });
});

describe('performExtractor', () => {
  const request = (mode: 'function_call' | 'prompt', rest: object = {}): Extract<EffectRequest, { kind: 'parameter-extractor' }> => ({
    kind: 'parameter-extractor',
    model,
    query: 'to Rome =====TEXT 1=====',
    instruction: 'Mind the gap.',
    histories: '',
    images: [],
    schema,
    mode,
    ...rest,
  });
  const toolCalls = [{ id: '1', name: 'extract_parameters', arguments: '{"a": "Rome"}' }];

  it('has the tool called', async () => {
    const { models, asked } = router({ toolCalls });
    const performed = await performExtractor(request('function_call'), { models }, { signal });
    expect(asked).toMatchObject([{ schema: null, tools: [{ name: 'extract_parameters', parameters: schema }] }]);
    expect(asked[0]?.messages[0]?.content).toContain('Mind the gap.');
    expect(asked[0]?.messages[1]).toEqual({ role: 'user', content: '=====TEXT 2=====\nto Rome =====TEXT 1=====\n=====TEXT 2=====' });
    expect('outputs' in performed && performed.outputs.get('tool_arguments')).toBe('{"a": "Rome"}');
  });

  it.each<[string, 'function_call' | 'prompt', readonly ModelAbility[], object]>([
    ['the node wants none', 'prompt', [], {}],
    ['the model cannot call any', 'function_call', ['tools'], {}],
    ['the model completes texts', 'function_call', [], { model: { ...model, mode: 'completion' } }],
  ])('uses no tool where %s', async (_name, mode, without, rest) => {
    const { models, asked } = router({ text: '{"a": "Rome"}' }, without);
    const performed = await performExtractor(request(mode, rest), { models }, { signal });
    expect(asked[0]).not.toHaveProperty('tools');
    expect(asked[0]?.messages[0]?.content).toContain('Answer with one JSON object');
    expect('outputs' in performed && [performed.outputs.get('text'), performed.outputs.get('tool_arguments')]).toEqual([
      '{"a": "Rome"}',
      null,
    ]);
  });

  it('says that a trained classifier finds no parameters', async () => {
    const models: ModelRouter = {
      resolve: () => Promise.resolve({ kind: 'classifier', name: 'c', version: '1', classifier: NO_CLASSIFIER }),
    };
    expect(await performExtractor(request('prompt'), { models }, { signal })).toMatchObject({
      failure: { retryable: false, message: expect.stringContaining('trained classifier') as string },
    });
  });
});

const NO_CLASSIFIER = {
  chooseClass: () => ({ ok: false, failure: { message: 'no', type: 'x', retryable: false } }) as const,
  chooseEnum: () => ({ ok: false, failure: { message: 'no', type: 'x', retryable: false } }) as const,
};

describe('performClassifier', () => {
  it('shows pictures and what was said before, apart from the text', async () => {
    const { models, asked } = router({ text: '{"category_id": "2"}' });
    const performed = await performClassifier(
      {
        kind: 'question-classifier',
        model,
        query: 'q',
        classes: [
          { id: '1', name: 'ham', label: null },
          { id: '2', name: 'spam', label: null },
        ],
        instruction: '',
        histories: 'Human: hi',
        images: [{ type: 'image_url', url: 'https://files.test/a.png', detail: 'high' }],
      },
      { models },
      { signal },
    );
    expect('outputs' in performed && performed.outputs.get('class_id')).toBe('2');
    const content = asked[0]?.messages[1]?.content;
    expect(content).toEqual([
      { type: 'image_url', url: 'https://files.test/a.png', detail: 'high' },
      {
        type: 'text',
        text: expect.stringMatching(/Human: hi\n=====TEXT 1=====\n\nThe text:\n=====TEXT 1=====\nq\n=====TEXT 1=====$/) as string,
      },
    ]);
  });
});
