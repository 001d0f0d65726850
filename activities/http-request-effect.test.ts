import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillSecrets, hasSecrets } from '../flow/index.ts';
import {
  isObject,
  parseJson,
  type FileDescriptor,
  type HeaderList,
  type HttpRequestEffect,
  type OutgoingHead,
  type OutgoingRequest,
  type OutgoingResult,
  type Value,
} from '../schemas/index.ts';
import { mendedJson } from './http-body.ts';
import type { HttpDeps } from './http-deps.ts';
import { performHttpRequest } from './http-request-effect.ts';

const REQUEST: HttpRequestEffect = {
  kind: 'http-request',
  method: 'POST',
  url: 'https://a.test/in',
  params: [],
  headers: [],
  authorization: null,
  body: { kind: 'none' },
  timeouts: { connect: 1_000, read: 2_000, write: 3_000 },
  verifyTls: true,
};
const SECRET = 'tok-5f1c9e-very-secret';
// As secretPlaceholder of the flow's texts writes it.
const PLACEHOLDER = '\ufdd0TOKEN\ufdd01\ufdd1';
const filledIn = <T>(part: T): T => JSON.parse(fillSecrets(JSON.stringify(part), () => SECRET)) as T;

type Reply = { readonly status?: number; readonly headers?: HeaderList; readonly body?: string | Uint8Array };
type Done = { readonly sent: readonly OutgoingRequest[]; readonly kept: readonly Uint8Array[]; readonly slots: readonly string[] };

async function perform(request: Partial<HttpRequestEffect>, reply: Reply | Extract<OutgoingResult, { ok: false }> = {}) {
  const sent: OutgoingRequest[] = [];
  const kept: Uint8Array[] = [];
  const slots: string[] = [];
  const client: HttpDeps['outgoing'] = {
    send: (given) => {
      sent.push(given);
      if ('ok' in reply) return Promise.resolve(reply);
      const { status = 200, headers = [], body = '' } = reply;
      const head: OutgoingHead = { status, headers, finalUrl: given.url };
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      return Promise.resolve({ ok: true, ...head, body: bytes, hops: 0 });
    },
    trusting: () => client,
    close: () => Promise.resolve(),
  };
  const deps: HttpDeps = {
    outgoing: client,
    files: {
      read: ({ url }) =>
        Promise.resolve(
          url === null
            ? { ok: false, message: 'the file has no URL', type: 'FileFetchError', retryable: false }
            : { ok: true, bytes: Buffer.from(`content of ${url}`), mimeType: null },
        ),
    },
    keptFiles: {
      keep: (bytes) => {
        kept.push(bytes);
        return Promise.resolve(`blob:${createHash('sha256').update(bytes).digest('hex')}`);
      },
      read: () => Promise.resolve(undefined),
    },
    httpLimits: { maxTextBytes: 100, maxBinaryBytes: 1000 },
  };
  const whole = { ...REQUEST, ...request };
  const performed = await performHttpRequest(
    {
      request: whole,
      filled: filledIn(whole),
      secrets: [SECRET],
      runId: 'r-1',
      purpose: 'http-request node "Ask"',
      signal: new AbortController().signal,
      slot: { take: () => Promise.resolve(void slots.push('taken')), giveBack: () => void slots.push('back') },
    },
    deps,
  );
  const done: Done = { sent, kept, slots };
  return { performed, ...done };
}

const outputsOf = ({
  performed,
}: {
  readonly performed: Awaited<ReturnType<typeof performHttpRequest>>;
}): Readonly<Record<string, unknown>> => {
  if ('failure' in performed) throw new Error(performed.failure.message);
  return Object.fromEntries(Array.from(performed.outputs, ([name, value]) => [name, plain(value)]));
};
const plain = (value: Value): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : isObject(value)
      ? Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]))
      : value;
const bodyText = ({ sent }: Done): string | undefined => {
  const body = sent[0]?.body;
  return body?.kind === 'bytes' ? Buffer.from(body.bytes).toString() : undefined;
};

describe('the request that is sent', () => {
  it('has the query, headers and times of the node', async () => {
    const { sent, slots } = await perform({
      url: 'https://a.test/in?a=1#x',
      params: [
        ['b', '风 &'],
        ['b', '2'],
      ],
      headers: [
        ['X-A', 'old'],
        ['x-a', 'new\nline'],
      ],
    });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: 'https://a.test/in?a=1&b=%E9%A3%8E+%26&b=2#x',
      headers: [['x-a', 'new line']],
      secretHeaders: [],
      timeouts: { connect: 1_000, read: 2_000, write: 3_000, total: 6_000 },
      verifyTls: true,
      purpose: 'http-request node "Ask"',
    });
    expect(sent[0]?.body).toBeUndefined();
    expect(slots).toEqual(['taken']);
  });

  it.each<readonly [string, HttpRequestEffect['body'], string, string | null]>([
    ['raw text', { kind: 'raw-text', text: 'a\nb 风' }, 'a\nb 风', 'text/plain'],
    ['JSON', { kind: 'json', text: '{ "a": 2.0, "b": 12345678901234567890 }' }, '{"a":2.0,"b":12345678901234567890}', 'application/json'],
    ['no JSON at all yet', { kind: 'json', text: ' ' }, '', 'application/json'],
    [
      'a form',
      {
        kind: 'x-www-form-urlencoded',
        fields: [
          ['a', '1 2'],
          ['b', '&'],
        ],
      },
      'a=1+2&b=%26',
      'application/x-www-form-urlencoded',
    ],
  ])('has the body of %s', async (_what, body, text, contentType) => {
    const done = await perform({ body });
    expect(bodyText(done)).toBe(text);
    expect(done.sent[0]?.headers).toEqual(contentType === null ? [] : [['Content-Type', contentType]]);
    const own = await perform({ body, headers: [['content-type', 'x/y']] });
    expect(own.sent[0]?.headers).toEqual([['content-type', 'x/y']]);
  });

  const file = (name: string | null, url: string | null = 'https://f.test/1'): FileDescriptor => ({
    name,
    extension: null,
    mimeType: name === null ? null : 'text/plain',
    transferMethod: null,
    url,
    relatedId: 'id-1',
  });

  it('holds files', async () => {
    const binary = await perform({ body: { kind: 'binary', file: file('a.txt') } });
    expect(bodyText(binary)).toBe('content of https://f.test/1');
    const form = await perform({
      body: {
        kind: 'form-data',
        parts: [
          { name: 't', text: 'x' },
          { name: 'f', file: file('a.txt') },
          { name: 'g', file: file(null) },
        ],
      },
    });
    const bytes = Buffer.from('content of https://f.test/1');
    expect(form.sent[0]?.body).toEqual({
      kind: 'multipart',
      parts: [
        { name: 't', text: 'x' },
        { name: 'f', filename: 'a.txt', contentType: 'text/plain', bytes },
        { name: 'g', filename: 'id-1', contentType: 'application/octet-stream', bytes },
      ],
    });
  });

  it.each<readonly [Partial<HttpRequestEffect>, string]>([
    [{ url: '' }, 'InvalidURLError'],
    [{ url: 'ftp://a.test' }, 'InvalidURLError'],
    [{ url: 'http://a b/' }, 'InvalidURLError'],
    [{ url: `{${PLACEHOLDER}` }, 'InvalidURLError'],
    [{ authorization: { type: 'bearer', key: ' ', header: 'Authorization' } }, 'AuthorizationConfigError'],
    [{ body: { kind: 'binary', file: file('a', null) } }, 'FileFetchError'],
  ])('is not sent with %j', async (request, type) => {
    const { performed, sent, slots } = await perform(request);
    expect(performed).toMatchObject({ failure: { type, retryable: false }, usage: { calls: 0 } });
    expect(JSON.stringify(performed)).not.toContain(SECRET);
    expect([sent, slots]).toEqual([[], []]);
  });

  it.each([
    ['bearer', 'k', 'Bearer k'],
    ['basic', 'me:pw', `Basic ${Buffer.from('me:pw').toString('base64')}`],
    ['basic', 'bWU6cHc=', 'Basic bWU6cHc='],
    ['custom', 'k', 'k'],
  ] as const)('is authorized by %s %s', async (type, key, value) => {
    const { sent } = await perform({ authorization: { type, key, header: 'X-Key' }, headers: [['x-key', 'other']] });
    expect(sent[0]).toMatchObject({ headers: [['X-Key', value]], secretHeaders: ['X-Key'] });
  });
});

describe('mended JSON', () => {
  it.each([
    ["{'a': 1,}", '{"a":1}'],
    ['{"a": "say "hi" now"}', '{"a":"say \\"hi\\" now"}'],
    ['{"a": "line\nbreak"}', '{"a":"line\\nbreak"}'],
    ['{"a": True, "b": None', '{"a":true,"b":null}'],
    ['[1, 2', '[1,2]'],
    ['2.0', '2.0'],
  ])('%s', (text, mended) => {
    expect(mendedJson(text)).toBe(mended);
  });

  it('is JSON or nothing, whatever it is given, and soon', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ', '\n'))),
        (given) => {
          const mended = mendedJson(Array.isArray(given) ? given.join('') : given);
          if (mended !== undefined && mended !== '') expect(parseJson(mended).ok).toBe(true);
        },
      ),
    );
    for (const hostile of ['['.repeat(100_000), '{"a":'.repeat(50_000), '"'.repeat(100_000), '\\'.repeat(100_000)]) {
      const began = performance.now();
      mendedJson(hostile);
      expect(performance.now() - began).toBeLessThan(3_000);
    }
  });
});

describe('the answer', () => {
  it('is its status, text, headers and no files', async () => {
    const done = await perform(
      {},
      {
        status: 404,
        headers: [
          ['content-type', 'text/html; charset=GBK'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        body: Buffer.from([0xb7, 0xe7]),
      },
    );
    expect(outputsOf(done)).toEqual({
      status_code: 404,
      body: '风',
      headers: { 'content-type': 'text/html; charset=GBK', 'set-cookie': 'a=1, b=2' },
      files: [],
    });
    expect(done.performed.usage.calls).toBe(1);
  });

  it.each<readonly [string, string, boolean]>([
    ['application/json', '{}', false],
    ['application/problem+json', '{}', false],
    ['text/plain', 'x', false],
    ['text/csv', 'a,b', true],
    ['image/png', 'x', true],
    ['audio/mpeg', 'x', true],
    ['application/pdf', '%PDF \u0000', true],
    ['application/octet-stream', '{"a": 1}', false],
    ['application/octet-stream', 'plain', true],
    ['', 'x', false],
  ])('of the type "%s" is a file: %s %s', async (type, body, isFile) => {
    const done = await perform({}, { headers: type === '' ? [] : [['content-type', type]], body });
    const { body: text, files } = outputsOf(done);
    expect([text, (files as readonly unknown[]).length]).toEqual(isFile ? ['', 1] : [body, 0]);
    expect(done.kept.map((bytes) => Buffer.from(bytes).toString())).toEqual(isFile ? [body] : []);
  });

  it.each<readonly [string, string, string, object]>([
    ['attachment; filename="报告 \\"1\\".pdf"', 'application/pdf', '/x', { filename: '报告 "1".pdf', extension: '.pdf', type: 'document' }],
    ["attachment; filename=a.txt; filename*=UTF-8''%E6%8A%A5.csv", 'text/csv', '/x', { filename: '报.csv', extension: '.csv' }],
    ['attachment; filename="../../etc/passwd"', 'application/pdf', '/x', { filename: 'passwd.pdf', extension: '.pdf' }],
    ['', 'image/png', '/pics/cat.png?size=1', { filename: 'cat.png', extension: '.png', type: 'image', mime_type: 'image/png' }],
    ['', 'video/mp4', '/', { filename: 'file.mp4', type: 'video' }],
    ['attachment', '', '/thing', { filename: 'thing', extension: '', type: 'custom', mime_type: 'application/octet-stream' }],
  ])('that is a file (%s, %s, %s) is kept under its name', async (disposition, type, path, expected) => {
    const headers: HeaderList = [
      ...(disposition === '' ? [] : [['content-disposition', disposition] as const]),
      ...(type === '' ? [] : [['content-type', type] as const]),
    ];
    const { files } = outputsOf(await perform({ url: `https://a.test${path}` }, { headers, body: 'content' }));
    expect(files).toEqual([
      expect.objectContaining({
        ...expected,
        dify_model_identity: '__dify__file__',
        transfer_method: 'tool_file',
        size: 7,
        url: `blob:${createHash('sha256').update('content').digest('hex')}`,
      }),
    ]);
  });

  it('that is too large is a failure that names the setting', async () => {
    const { sent } = await perform({});
    const limit = sent[0]?.maxBodyBytes;
    const limitFor = (type: string) =>
      typeof limit === 'function' ? limit({ status: 200, headers: [['content-type', type]], finalUrl: '' }) : undefined;
    expect(['application/json', 'image/png', 'application/octet-stream'].map(limitFor)).toEqual([100, 1000, 1000]);
    const text = await perform({}, { headers: [['content-type', 'application/octet-stream']], body: `{${' '.repeat(200)}}` });
    expect(text.performed).toMatchObject({
      failure: { type: 'ResponseSizeError', message: expect.stringContaining('outgoing.maxTextBytes') as string },
    });
    const cut = await perform({}, { ok: false, type: 'size', message: 'https://a.test: the answer is larger than 100 bytes', reason: '' });
    expect(cut.performed).toMatchObject({
      failure: { type: 'ResponseSizeError', message: expect.stringContaining('outgoing.maxBinaryBytes') as string },
    });
  });

  it.each([
    ['refused', 'ToolSSRFError', false, 0],
    ['connection', 'HttpRequestNodeError', true, 1],
    ['timeout', 'HttpRequestNodeError', true, 1],
    ['protocol', 'HttpRequestNodeError', false, 1],
  ] as const)('that does not come (%s) is a %s', async (type, name, retryable, calls) => {
    const { performed } = await perform({}, { ok: false, type, message: 'why', reason: 'why' });
    expect(performed).toMatchObject({ failure: { type: name, message: 'why', retryable }, usage: { calls } });
  });
});

describe('secrets', () => {
  it('are sent, and what they were made of does not come back', async () => {
    const encoded = Buffer.from(`me:${SECRET}`).toString('base64');
    const echo = `${encoded} and more`;
    const done = await perform(
      {
        headers: [
          ['X-Secret', PLACEHOLDER],
          ['X-Plain', 'x'],
        ],
        authorization: { type: 'basic', key: `me:${PLACEHOLDER}`, header: 'Authorization' },
      },
      { headers: [['x-echo', echo]], body: echo },
    );
    expect(done.sent[0]?.headers).toContainEqual(['Authorization', `Basic ${encoded}`]);
    expect(done.sent[0]?.headers).toContainEqual(['X-Secret', SECRET]);
    expect(done.sent[0]?.secretHeaders).toEqual(['X-Secret', 'Authorization']);
    expect(outputsOf(done)).toMatchObject({ body: '*** and more', headers: { 'x-echo': '*** and more' } });
    expect(hasSecrets(JSON.stringify(outputsOf(done)))).toBe(false);
  });

  it('do not stay in files that are kept', async () => {
    const body = Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(`a ${SECRET} b`), Buffer.from([0, 128])]);
    const { kept } = await perform({ body: { kind: 'raw-text', text: PLACEHOLDER } }, { headers: [['content-type', 'image/png']], body });
    expect(kept.map((bytes) => [...bytes])).toEqual([[0, 255, 254, ...Buffer.from('a *** b'), 0, 128]]);
  });
});
