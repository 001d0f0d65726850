import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatRequest } from '../../schemas/core.ts';
import { createOpenAiChatModel, type OpenAiChatModelOptions } from './chat-model.ts';
import { answer, completion, openScriptedEndpoint, type Script, type ScriptedEndpoint } from './scripted-endpoint.ts';

const CANARY = 'sk-CANARY-0123456789';
const REQUEST: ChatRequest = {
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'Sort.' },
    { role: 'user', content: '风险 😀' },
  ],
  params: { temperature: 0, top_k: 40 },
  schema: null,
};
const never = new AbortController().signal;
const QUICK = { firstDelayMs: 10, maxDelayMs: 40 };

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
});

async function setUp(script: Script, options: Partial<OpenAiChatModelOptions> = {}) {
  const endpoint: ScriptedEndpoint = await openScriptedEndpoint(script);
  const model = createOpenAiChatModel({ baseUrl: endpoint.baseUrl, apiKey: CANARY, retry: QUICK, ...options });
  open.push(model, endpoint);
  return {
    endpoint,
    model,
    complete: (request: Partial<ChatRequest> = {}, signal = never) => model.complete({ ...REQUEST, ...request }, { signal }),
  };
}

const fine: Script = (response) => answer(response, 200, completion('ham'));
/** Fails `times` times, then answers. */
const failing =
  (times: number, fail: Script): Script =>
  (response, call, n) =>
    (n <= times ? fail : fine)(response, call, n);

describe('a call that succeeds', () => {
  it('sends what the API expects and reads the answer, tokens and cost', async () => {
    const prices = { 'gpt-4o-mini': { inputPerMillion: 0.15, outputPerMillion: 0.6 } };
    const { endpoint, complete } = await setUp(fine, { prices });
    const result = await complete({ schema: { type: 'object' } });
    expect(result).toMatchObject({ ok: true, reply: { text: 'ham', finishReason: 'stop', inputTokens: 11, outputTokens: 7, calls: 1 } });
    expect(result.ok && result.reply.cost).toBeCloseTo((11 * 0.15 + 7 * 0.6) / 1e6, 15);
    const [call, ...others] = endpoint.calls;
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { authorization: `Bearer ${CANARY}`, 'content-type': 'application/json', 'user-agent': 'riskflow' },
    });
    expect(call?.body).toEqual({
      model: 'gpt-4o-mini',
      messages: REQUEST.messages,
      temperature: 0,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    });
  });

  it('has no cost without a price, and no tokens where the endpoint does not count', async () => {
    const { complete } = await setUp((response) => answer(response, 200, completion('x', { usage: null })));
    expect(await complete()).toMatchObject({ ok: true, reply: { inputTokens: null, outputTokens: null, cost: null } });
  });

  it('sends no key where there is none', async () => {
    const { endpoint, complete } = await setUp(fine, { apiKey: null });
    expect(await complete()).toMatchObject({ ok: true });
    expect(endpoint.calls[0]?.headers.authorization).toBeUndefined();
  });

  it('takes nothing from the environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-from-environment');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1/v1');
    vi.stubEnv('OPENAI_ORG_ID', 'org-from-environment');
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'authorization: Bearer from-environment\nx-secret: from-environment');
    vi.stubEnv('OPENAI_LOG', 'debug');
    const { endpoint, complete } = await setUp(fine);
    expect(await complete()).toMatchObject({ ok: true });
    expect(JSON.stringify(endpoint.calls)).not.toContain('from-environment');
  });

  it('keeps connections open and uses them again', async () => {
    const { endpoint, complete } = await setUp(fine);
    for (let i = 0; i < 5; i++) await complete();
    expect([endpoint.calls.length, endpoint.connections()]).toEqual([5, 1]);
  });

  it('goes through a proxy when told to', async () => {
    const seen: string[] = [];
    const proxy = http.createServer((request, response) => {
      seen.push(request.url ?? '');
      answer(response, 200, completion('through the proxy'));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve()));
    open.push({ close: () => proxy.close() });
    const model = createOpenAiChatModel({
      baseUrl: 'http://models.example.invalid/v1',
      apiKey: CANARY,
      proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    });
    open.push(model);
    expect(await model.complete(REQUEST, { signal: never })).toMatchObject({ ok: true, reply: { text: 'through the proxy' } });
    expect(seen).toEqual(['http://models.example.invalid/v1/chat/completions']);
  });
});

describe('trying again', () => {
  it.each([408, 409, 429, 500, 502, 503, 529])('after status %i', async (status) => {
    const { endpoint, complete } = await setUp(failing(2, (response) => answer(response, status, '{}')));
    expect(await complete()).toMatchObject({ ok: true, reply: { text: 'ham', calls: 3 } });
    const [first, second, third] = endpoint.calls.map(({ at }) => at);
    // 10 ms, then 20 ms.
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(9);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(19);
  });

  it('after a connection that broke, before or amid the answer', async () => {
    const { complete } = await setUp((response, call, n) => {
      if (n === 1) response.destroy();
      else if (n === 2)
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': 500 })
          .write('{"choices"', () => response.destroy());
      else fine(response, call, n);
    });
    expect(await complete()).toMatchObject({ ok: true, reply: { calls: 3 } });
  });

  it.each([
    ['retry-after-ms', () => '120'],
    ['retry-after', () => '0.12'],
    ['retry-after', () => new Date(Date.now() + 1120).toUTCString()],
  ])('waits as long as %s asks', async (name, value) => {
    const { endpoint, complete } = await setUp(failing(1, (response) => answer(response, 429, '{}', { [name]: value() })));
    expect(await complete()).toMatchObject({ ok: true, reply: { calls: 2 } });
    // HTTP dates have whole seconds, so the wait is 120 to 1120 ms.
    expect((endpoint.calls[1]?.at ?? 0) - (endpoint.calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(115);
  });

  it('does not wait for hours', async () => {
    const { endpoint, complete } = await setUp((response) =>
      answer(response, 429, '{"error":{"message":"slow down"}}', { 'retry-after': '3600' }),
    );
    expect(await complete()).toMatchObject({ ok: false, failure: { type: 'InvokeRateLimitError', retryable: true, calls: 1 } });
    expect(endpoint.calls.length).toBe(1);
  });

  it('adds the jitter it is given', async () => {
    const { endpoint, complete } = await setUp(
      failing(1, (response) => answer(response, 500, '{}')),
      { retry: { firstDelayMs: 80 }, jitter: () => 1 },
    );
    await complete();
    expect((endpoint.calls[1]?.at ?? 0) - (endpoint.calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(99);
  });

  it('gives up after the last attempt, with every call counted', async () => {
    const { endpoint, complete } = await setUp((response) => answer(response, 503, '{"error":{"message":"overloaded"}}'), {
      retry: { ...QUICK, maxAttempts: 3 },
    });
    expect(await complete()).toMatchObject({
      ok: false,
      failure: {
        type: 'InvokeServerUnavailableError',
        message: 'The model endpoint answered 503: overloaded (tried 3 times)',
        retryable: true,
        calls: 3,
      },
    });
    expect(endpoint.calls.length).toBe(3);
  });

  it('holds its slot while a call is out and not while it waits to try again', async () => {
    const { endpoint, model } = await setUp(
      failing(1, (response) => answer(response, 500, '{}')),
      { retry: { firstDelayMs: 300 } },
    );
    const log: string[] = [];
    const note = (what: string): void => void log.push(`${what} after ${endpoint.calls.length}`);
    const slot = { take: () => Promise.resolve(note('taken')), giveBack: () => note('given back') };
    const result = await model.complete(REQUEST, { signal: never, slot });
    // The last one is given back by whoever stores the answer.
    expect(log).toEqual(['taken after 0', 'given back after 1', 'taken after 1']);
    expect(result).toMatchObject({ ok: true, reply: { calls: 2 } });
    // The wait between the calls is not time in the call.
    expect(result.ok && result.reply.elapsedMs).toBeLessThan(300);
  });
});

describe('failures that no retry mends', () => {
  it.each([
    [400, '{"error":{"message":"bad temperature"}}', 'InvokeBadRequestError', /answered 400: bad temperature$/],
    [401, '{"error":{"message":"wrong key"}}', 'InvokeAuthorizationError', /answered 401: wrong key$/],
    [401, '', 'InvokeAuthorizationError', /is the API key right/],
    [403, '{"detail":"forbidden"}', 'InvokeAuthorizationError', /answered 403: forbidden$/],
    [404, '{"error":{"message":"no such model"}}', 'InvokeBadRequestError', /no such model/],
    [404, '{}', 'InvokeBadRequestError', /are the base URL \(it often ends in \/v1\) and the name of the model right/],
    [422, '{"message":"unprocessable"}', 'InvokeBadRequestError', /unprocessable/],
    [429, '{"error":{"message":"no money left","code":"insufficient_quota"}}', 'InvokeRateLimitError', /no money left/],
    [302, '', 'InvokeBadRequestError', /a redirect to http:\/\/elsewhere.example\/, which is not followed/],
  ])('status %i %s', async (status, body, type, message) => {
    const { endpoint, complete } = await setUp((response) =>
      answer(response, status, body, status === 302 ? { location: 'http://elsewhere.example/' } : {}),
    );
    expect(await complete()).toMatchObject({
      ok: false,
      failure: { type, message: expect.stringMatching(message) as unknown, retryable: false, calls: 1 },
    });
    expect(endpoint.calls.length).toBe(1);
  });
});

describe('hostile answers', () => {
  it.each([
    ['nothing', '', /answered with nothing/],
    ['JSON cut off', completion('ham').slice(0, 60), /not JSON, or JSON cut off/],
    ['a web page', '<!doctype html><title>Sign in</title>', /a web page instead of JSON.*base URL/],
    ['JSON of another kind', '[]', /without choices\[0\]\.message/],
    ['a number', '1', /without choices\[0\]\.message/],
    ['null', 'null', /without choices\[0\]\.message/],
    ['no choices', '{"choices":[]}', /without choices\[0\]\.message/],
    ['choices that are none', '{"choices":"ham"}', /without choices\[0\]\.message/],
    ['a choice without a message', '{"choices":[{}]}', /without choices\[0\]\.message/],
    ['content that is a number', completion(7), /content is no text/],
    ['content that is an object', completion({ text: 'ham' }), /content is no text/],
    ['an error with status 200', '{"error":{"message":"model is loading"}}', /an error: model is loading/],
  ])('%s', async (_name, body, message) => {
    const { endpoint, complete } = await setUp((response) => answer(response, 200, body));
    expect(await complete()).toMatchObject({
      ok: false,
      failure: { type: 'InvokeError', message: expect.stringMatching(message) as unknown, retryable: true, calls: 1 },
    });
    expect(endpoint.calls.length).toBe(1);
  });

  it('a refusal of the model is a failure, not an empty text', async () => {
    const choices = [{ message: { role: 'assistant', content: null, refusal: 'I cannot help.' }, finish_reason: 'stop' }];
    const { complete } = await setUp((response) => answer(response, 200, JSON.stringify({ choices })));
    expect(await complete()).toMatchObject({ ok: false, failure: { message: 'The model refused: I cannot help.', retryable: false } });
  });

  it('a body without end is cut off at the limit', async () => {
    const { complete } = await setUp(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', pour);
        };
        pour();
      },
      { maxResponseBytes: 1_000_000 },
    );
    expect(await complete()).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('larger than 1000000 bytes') as unknown, retryable: false, calls: 1 },
    });
  });

  it('a body that drips is ended by the timeout', async () => {
    const { complete } = await setUp(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
      { timeoutMs: 150, retry: { ...QUICK, maxAttempts: 2 } },
    );
    expect(await complete()).toMatchObject({
      ok: false,
      failure: { type: 'InvokeConnectionError', message: 'The model endpoint did not answer within 150 ms (tried 2 times)', calls: 2 },
    });
  });

  it('a status that is none, and headers that are too large', async () => {
    const { complete } = await setUp(
      (response, _call, n) => {
        if (n === 1) response.socket?.end('HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}');
        else if (n === 2) response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n{}`);
        else response.socket?.end('no HTTP at all\r\n\r\n');
      },
      { retry: { ...QUICK, maxAttempts: 3 } },
    );
    expect(await complete()).toMatchObject({ ok: false, failure: { type: 'InvokeConnectionError', calls: 3 } });
  });

  it('an endpoint that is not there', async () => {
    const { endpoint, complete } = await setUp(fine, { retry: { ...QUICK, maxAttempts: 2 } });
    await endpoint.close();
    expect(await complete()).toMatchObject({
      ok: false,
      failure: {
        type: 'InvokeConnectionError',
        message: expect.stringMatching(/call to the model endpoint failed: .*ECONNREFUSED.*\(tried 2 times\)/) as unknown,
        calls: 2,
      },
    });
  });
});

describe('the key', () => {
  it.each([
    ['an echo in an error', 400, JSON.stringify({ error: { message: `bad header: Bearer ${CANARY}` } })],
    ['an echo in a page', 200, `<html>${CANARY}</html>`],
    ['an echo in an error with status 200', 200, JSON.stringify({ error: `key ${encodeURIComponent(CANARY)} is unknown` })],
  ])('is not in the message of %s', async (_name, status, body) => {
    const { complete } = await setUp((response) => answer(response, status, body));
    const result = await complete();
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('CANARY');
  });

  it('is not in a refused key, nor in what is printed', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(() => createOpenAiChatModel({ baseUrl: 'http://127.0.0.1:1/v1', apiKey: `${CANARY}\nx` })).toThrow(
      /^the API key is empty or holds blanks(?!.*CANARY)/,
    );
    const { complete } = await setUp((response) => answer(response, 401, '{}'));
    await complete();
    expect(JSON.stringify(printed.mock.calls)).not.toContain('CANARY');
  });

  it('messages stay short and on one line', async () => {
    const { complete } = await setUp((response) => answer(response, 400, JSON.stringify({ error: { message: 'line\n'.repeat(10_000) } })));
    const result = await complete();
    const message = result.ok ? '' : result.failure.message;
    expect(message.length).toBeLessThan(600);
    expect(message).not.toContain('\n');
  });
});

describe('an abort', () => {
  it('ends a call and closes its connection', async () => {
    const closed = Promise.withResolvers<string>();
    const controller = new AbortController();
    const { complete } = await setUp((response) => {
      response.on('close', () => closed.resolve('closed'));
      controller.abort(new Error('the run was stopped'));
    });
    await expect(complete({}, controller.signal)).rejects.toThrow('the run was stopped');
    await expect(closed.promise).resolves.toBe('closed');
  });

  it('ends the wait between two calls', async () => {
    const controller = new AbortController();
    const { endpoint, complete } = await setUp(
      (response) => {
        answer(response, 500, '{}');
        setTimeout(() => controller.abort(new Error('the run was stopped')), 50);
      },
      { retry: { firstDelayMs: 10_000 } },
    );
    await expect(complete({}, controller.signal)).rejects.toThrow('the run was stopped');
    expect(endpoint.calls.length).toBe(1);
  });

  it('that came before makes no call', async () => {
    const { endpoint, complete } = await setUp(fine);
    await expect(complete({}, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(endpoint.calls.length).toBe(0);
  });
});
