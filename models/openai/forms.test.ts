import { afterEach, describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../schemas/core.ts';
import { readChatAnswer } from './chat-answer.ts';
import { createOpenAiChatModel } from './chat-model.ts';
import { chatBody } from './request-body.ts';
import { answer, completion, openScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
});

async function ask(body: string, request: Partial<ChatRequest>): Promise<{ endpoint: ScriptedEndpoint; result: unknown }> {
  const endpoint = await openScriptedEndpoint((response) => answer(response, 200, body));
  const prices = { m: { inputPerMillion: 1, outputPerMillion: 2 } };
  const model = createOpenAiChatModel({ baseUrl: endpoint.baseUrl, apiKey: null, prices });
  open.push(model, endpoint);
  const asked: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'x' }], params: {}, schema: null, ...request };
  return { endpoint, result: await model.complete(asked, { signal: new AbortController().signal }) };
}

const tool = { name: 'find', description: 'finds', parameters: { type: 'object', properties: {} } };
const calls = [{ id: 'c1', type: 'function', function: { name: 'find', arguments: '{"a": 1}' } }];

describe('tools', () => {
  it('are told, and what the model wants called comes back', async () => {
    const { endpoint, result } = await ask(
      completion(null, { choices: [{ finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: calls } }] }),
      { tools: [tool], toolChoice: { name: 'find' } },
    );
    expect(endpoint.calls[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: tool }],
      tool_choice: { type: 'function', function: { name: 'find' } },
    });
    expect(result).toMatchObject({
      ok: true,
      reply: { text: '', toolCalls: [{ id: 'c1', name: 'find', arguments: '{"a": 1}' }], finishReason: 'tool_calls' },
    });
  });

  it('are not named where there are none, and their results are messages', async () => {
    const { endpoint, result } = await ask(completion('done'), {
      tools: [],
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'find', arguments: '{}' }] },
        { role: 'tool', content: '42', toolCallId: 'c1' },
      ],
    });
    expect(endpoint.calls[0]?.body).toEqual({
      model: 'm',
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: '42' },
      ],
    });
    expect(result).toMatchObject({ ok: true, reply: { text: 'done', prices: { inputPerMillion: 1, outputPerMillion: 2 } } });
    expect(result).not.toHaveProperty('reply.toolCalls');
  });

  it.each<[string, unknown, unknown]>([
    ['without an id', [{ function: { name: 'f', arguments: '{}' } }], [{ id: 'call_1', name: 'f', arguments: '{}' }]],
    ['arguments as an object', [{ id: 'x', function: { name: 'f', arguments: { a: 1 } } }], [{ id: 'x', name: 'f', arguments: '{"a":1}' }]],
    ['no arguments', [{ id: 'x', function: { name: 'f' } }], [{ id: 'x', name: 'f', arguments: '' }]],
    ['without a name', [{ id: 'x', function: {} }, null, 7], undefined],
    ['no list', 'f', undefined],
  ])('that a model calls oddly: %s', (_name, tool_calls, expected) => {
    const read = readChatAnswer(JSON.stringify({ choices: [{ message: { content: 'x', tool_calls } }] }));
    expect(read).toMatchObject({ ok: true, answer: { text: 'x' } });
    expect(read.ok && read.answer.toolCalls).toEqual(expected);
  });
});

describe('pictures', () => {
  it('are parts of a message', () => {
    const { messages } = chatBody({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', url: 'https://files.test/a.png', detail: 'low' },
            { type: 'text', text: 'Well?' },
          ],
        },
      ],
      params: {},
      schema: null,
    });
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://files.test/a.png', detail: 'low' } },
          { type: 'text', text: 'Well?' },
        ],
      },
    ]);
  });

  it('whose content nobody fetched are a mistake of ours', () => {
    const file = { name: 'a.png', extension: '.png', mimeType: null, transferMethod: 'local_file', url: null, relatedId: '1' };
    const messages = [{ role: 'user', content: [{ type: 'image_file', file, detail: 'high' }] }] as const;
    expect(() => chatBody({ model: 'm', messages, params: {}, schema: null })).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});

describe('thoughts', () => {
  it.each(['reasoning_content', 'reasoning'])('that come as %s stay apart from the text', (name) => {
    const body = JSON.stringify({ choices: [{ message: { content: 'ham', [name]: 'hm' } }] });
    expect(readChatAnswer(body)).toMatchObject({ ok: true, answer: { text: 'ham', reasoning: 'hm' } });
  });
  it('that are empty or no text are none', () => {
    for (const reasoning_content of ['', null, {}]) {
      const read = readChatAnswer(JSON.stringify({ choices: [{ message: { content: 'ham', reasoning_content } }] }));
      expect(read.ok && 'reasoning' in read.answer).toBe(false);
    }
  });
});

describe('a model that completes texts', () => {
  it('gets one prompt at /completions, without what is unknown there', async () => {
    const body = JSON.stringify({ choices: [{ text: 'ham', finish_reason: 'length' }], usage: { prompt_tokens: 3, completion_tokens: 1 } });
    const { endpoint, result } = await ask(body, {
      mode: 'completion',
      params: { temperature: 0, max_tokens: 5, response_format: 'json_object', reasoning_effort: 'low' },
    });
    expect(endpoint.calls).toMatchObject([{ url: '/v1/completions', body: { model: 'm', prompt: 'x', temperature: 0, max_tokens: 5 } }]);
    expect(Object.keys(endpoint.calls[0]?.body as object).toSorted()).toEqual(['max_tokens', 'model', 'prompt', 'temperature']);
    expect(result).toMatchObject({
      ok: true,
      reply: { text: 'ham', finishReason: 'length', inputTokens: 3, outputTokens: 1, cost: 5 / 1e6 },
    });
  });

  it('whose answer is none is a failure', async () => {
    const { result } = await ask(completion('a chat'), { mode: 'completion' });
    expect(result).toMatchObject({
      ok: false,
      failure: { type: 'InvokeError', message: expect.stringContaining('choices[0].text') as string },
    });
  });
});
