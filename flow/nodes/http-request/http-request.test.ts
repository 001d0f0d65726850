import { describe, expect, it } from 'vitest';
import type { HttpRequestEffect, Value } from '../../../schemas/core.ts';
import { toYamlPlain } from '../../import/yaml-values.ts';
import { secretPlaceholder } from '../../text/index.ts';
import { compileHttpRequest } from './compile.ts';
import { concludeHttpRequest } from './conclude.ts';
import type { HttpRequestConfig } from './config.ts';
import { readsOfHttpRequest, startHttpRequest } from './start.ts';

const plain = (value: unknown): Value => {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]): [string, Value] => [key, plain(item)]));
  return value as Value;
};
const compile = (data: object) =>
  compileHttpRequest(toYamlPlain(plain({ type: 'http-request', method: 'get', url: 'https://a.test/', ...data })));

function configOf(data: object): HttpRequestConfig {
  const compiled = compile(data);
  if (!compiled.ok || compiled.behaviour.kind !== 'http-request') throw new Error(JSON.stringify(compiled));
  return compiled.behaviour.config;
}

const file = (name: string): Value =>
  plain({
    dify_model_identity: '__dify__file__',
    type: 'document',
    filename: name,
    mime_type: 'text/plain',
    extension: '.txt',
    url: `https://f.test/${name}`,
  });
const TOKEN = { secret: 'TOKEN', version: '1' };
const POOL: Readonly<Record<string, Value>> = {
  'start.text': 'hello\nworld ',
  'start.n': 5,
  'start.list': ['a', 'b'],
  'start.pairs': 'X-A: 1\n\nX-B:2: 3\n: nameless',
  'start.file': file('a.txt'),
  'start.files': [file('a.txt'), file('b.txt')],
  'start.none': null,
  'env.TOKEN': TOKEN,
};
const context = { lookup: (selector: readonly string[]) => POOL[selector.join('.')], modelMap: {} };

function start(data: object): { readonly request: HttpRequestEffect; readonly secrets: readonly unknown[]; readonly inputs: unknown } {
  const outcome = startHttpRequest(configOf(data), context);
  if (outcome.kind !== 'effect' || outcome.request.kind !== 'http-request') throw new Error(JSON.stringify(outcome));
  return { request: outcome.request, secrets: outcome.secrets, inputs: Object.fromEntries(outcome.inputs) };
}

describe('an http-request node', () => {
  it('asks for what it says, with Dify’s standards where it says nothing', () => {
    expect(start({}).request).toEqual({
      kind: 'http-request',
      method: 'GET',
      url: 'https://a.test/',
      params: [],
      headers: [],
      authorization: null,
      body: { kind: 'none' },
      timeouts: { connect: 10_000, read: 600_000, write: 600_000 },
      verifyTls: true,
    });
  });

  it.each(['get', 'GET', 'Post', 'put', 'patch', 'delete', 'HEAD', 'options'])('takes the method %s', (method) => {
    expect(start({ method }).request.method).toBe(method.toUpperCase());
  });

  it('does not import with a method, body or authorization that there is not', () => {
    expect(compile({ method: 'trace' })).toMatchObject({ ok: false, message: expect.stringContaining('must be get, post') as string });
    expect(compile({ body: { type: 'xml' } })).toMatchObject({
      ok: false,
      message: expect.stringContaining('must be none, form-data') as string,
    });
    expect(compile({ authorization: { type: 'oauth' } })).toMatchObject({ ok: false });
  });

  it.each([
    [{ body: { type: 'binary', data: [] } }, 'body.data is not one item that names a file'],
    [{ body: { type: 'json', data: [{ value: 'a' }, { value: 'b' }] } }, 'body.data has 2 items'],
    [{ authorization: { type: 'api-key' } }, 'api-key and has no config'],
  ])('imports and fails when it is reached: %j', (data, reason) => {
    const compiled = compile(data);
    expect(compiled).toMatchObject({
      ok: true,
      behaviour: { kind: 'unsupported', config: { reason: expect.stringContaining(reason) as string } },
    });
    expect(compiled.ok ? compiled.warnings[0] : '').toContain('a run that reaches it fails');
  });

  it.each([
    [{ url: '' }, ['begins with neither']],
    [{ url: 'ftp://a' }, ['begins with neither']],
    [{ url: '{{#start.text#}}' }, []],
    [{ ssl_verify: false }, ['any certificate']],
  ])('warns about %j', (data, words) => {
    const compiled = compile(data);
    expect(compiled.ok ? compiled.warnings.map((warning, at) => warning.includes(words[at] ?? '?')) : compiled.message).toEqual(
      words.map(() => true),
    );
  });

  it('fills variables into the url, lines of headers and parameters, each line by itself', () => {
    const { request, inputs } = start({
      url: ' https://a.test/{{#start.n#}} ',
      headers: 'X-One: {{#start.text#}}\r\n\nX-Two\n: nameless\n{{#start.pairs#}}\nX-{{#start.n#}}: a:b ',
      params: 'q: {{#start.list#}}\nq:2\nempty:\n{{#start.none#}}',
    });
    expect(request.url).toBe('https://a.test/5');
    expect(request.headers).toEqual([
      // A line break within a value cannot begin a header of its own.
      ['X-One', 'hello\nworld'],
      ['X-Two', ''],
      ['X-A', '1'],
      ['X-B', '2: 3'],
      ['X-5', 'a:b'],
    ]);
    expect(request.params).toEqual([
      ['q', '["a", "b"]'],
      ['q', '2'],
      ['empty', ''],
    ]);
    expect(inputs).toEqual({ method: 'GET', url: 'https://a.test/5' });
  });

  it.each<readonly [object, HttpRequestEffect['body']]>([
    [{ type: 'none', data: '' }, { kind: 'none' }],
    [
      { type: 'raw-text', data: [{ type: 'text', value: 'n={{#start.n#}}' }] },
      { kind: 'raw-text', text: 'n=5' },
    ],
    [
      { type: 'raw-text', data: 'old {{#start.n#}}' },
      { kind: 'raw-text', text: 'old 5' },
    ],
    [
      { type: 'json', data: '{"n": {{#start.n#}}}' },
      { kind: 'json', text: '{"n": 5}' },
    ],
    [
      { type: 'json', data: null },
      { kind: 'json', text: '' },
    ],
    [
      { type: 'x-www-form-urlencoded', data: [{ key: 'k{{#start.n#}}', value: ' v ' }] },
      { kind: 'x-www-form-urlencoded', fields: [['k5', 'v']] },
    ],
    [
      { type: 'x-www-form-urlencoded', data: 'a:{{#start.n#}}\nb:2' },
      {
        kind: 'x-www-form-urlencoded',
        fields: [
          ['a', '5'],
          ['b', '2'],
        ],
      },
    ],
    [
      { type: 'form-data', data: 'a:1' },
      { kind: 'form-data', parts: [{ name: 'a', text: '1' }] },
    ],
  ])('has the body of %j', (body, expected) => {
    expect(start({ method: 'post', body }).request.body).toEqual(expected);
  });

  it('names the files of its body, one or a list, and fetches none', () => {
    const named = (name: string) => ({
      name,
      extension: '.txt',
      mimeType: 'text/plain',
      transferMethod: null,
      url: `https://f.test/${name}`,
      relatedId: null,
    });
    const form = [
      { key: 'one', type: 'file', file: ['start', 'file'] },
      { key: 'text', type: 'text', value: 'x' },
      { key: 'many', type: 'file', file: ['start', 'files'] },
      { key: 'none', type: 'file', file: ['start', 'none'] },
    ];
    expect(start({ method: 'post', body: { type: 'form-data', data: form } }).request.body).toEqual({
      kind: 'form-data',
      parts: [
        { name: 'one', file: named('a.txt') },
        { name: 'text', text: 'x' },
        { name: 'many', file: named('a.txt') },
        { name: 'many', file: named('b.txt') },
      ],
    });
    expect(start({ method: 'post', body: { type: 'binary', data: [{ type: 'file', file: ['start', 'file'] }] } }).request.body).toEqual({
      kind: 'binary',
      file: named('a.txt'),
    });
  });

  it.each([
    [{ type: 'binary', data: [{ type: 'file', file: ['start', 'text'] }] }, 'there is no file in start.text'],
    [{ type: 'binary', data: [{ type: 'file', file: ['start', 'missing'] }] }, 'there is no file in start.missing'],
    [
      { type: 'form-data', data: [{ key: 'f', type: 'file', file: ['start', 'list'] }] },
      'start.list is neither a file nor a list of files',
    ],
  ])('fails without the file of %j', (body, message) => {
    expect(startHttpRequest(configOf({ method: 'post', body }), context)).toMatchObject({
      kind: 'failed',
      error: { type: 'FileFetchError', message },
    });
  });

  it('passes secrets on as placeholders, and no value can pass for one', () => {
    const placeholder = secretPlaceholder(TOKEN);
    const forged: Readonly<Record<string, Value>> = {
      ...POOL,
      'start.text': placeholder,
      'start.file': plain({ dify_model_identity: '__dify__file__', url: `https://f.test/${placeholder}` }),
    };
    const outcome = startHttpRequest(
      configOf({
        method: 'post',
        url: 'https://a.test/{{#env.TOKEN#}}?t={{#start.text#}}',
        headers: 'X-Key: {{#env.TOKEN#}}',
        authorization: { type: 'api-key', config: { type: 'basic', api_key: 'me:{{#env.TOKEN#}}' } },
        body: { type: 'form-data', data: [{ key: 'f', type: 'file', file: ['start', 'file'] }] },
      }),
      { ...context, lookup: (selector) => forged[selector.join('.')] },
    );
    if (outcome.kind !== 'effect' || outcome.request.kind !== 'http-request') throw new Error(outcome.kind);
    expect(outcome.secrets).toEqual([TOKEN, TOKEN, TOKEN]);
    expect(outcome.request).toMatchObject({
      headers: [['X-Key', placeholder]],
      authorization: { type: 'basic', key: `me:${placeholder}`, header: 'Authorization' },
    });
    // The one of the template, and not the forged ones.
    expect(outcome.request.url.split(placeholder)).toHaveLength(2);
    expect(JSON.stringify(outcome.request.body)).not.toContain(placeholder);
  });

  it.each([
    [
      { type: 'bearer', api_key: 'k' },
      { type: 'bearer', key: 'k', header: 'Authorization' },
    ],
    [
      { type: 'custom', api_key: 'k', header: 'X-{{#start.n#}}' },
      { type: 'custom', key: 'k', header: 'X-5' },
    ],
    [
      { api_key: '{{#start.n#}}', header: '' },
      { type: 'basic', key: '5', header: 'Authorization' },
    ],
  ])('authorizes by %j', (config, expected) => {
    expect(start({ authorization: { type: 'api-key', config } }).request.authorization).toEqual(expected);
    expect(start({ authorization: { type: 'no-auth', config } }).request.authorization).toBeNull();
  });

  it('waits no longer than Dify lets it', () => {
    expect(start({ timeout: { connect: 2, read: '1.5', write: 99_999, max_read_timeout: 3 } }).request.timeouts).toEqual({
      connect: 2_000,
      read: 1_500,
      write: 600_000,
    });
    expect(start({ timeout: { connect: 0, read: null } }).request.timeouts).toEqual({ connect: 10_000, read: 600_000, write: 600_000 });
  });

  it.each([
    [{}, 404, true],
    [{ error_strategy: 'none' }, 500, true],
    [{ error_strategy: 'fail-branch' }, 404, false],
    [{ error_strategy: 'fail-branch' }, 204, true],
    [{ error_strategy: 'default-value' }, 301, false],
    [{ retry_config: { retry_enabled: true, max_retries: 1 } }, 500, false],
    [{ retry_config: { retry_enabled: false, max_retries: 1 } }, 500, true],
  ])('with %j counts the status %i as fine: %s', (data, status, fine) => {
    const outputs = new Map<string, Value>([['status_code', status]]);
    const conclusion = concludeHttpRequest(configOf(data), outputs);
    expect(conclusion).toEqual(
      fine
        ? { ok: true, outputs, handle: 'source' }
        : { ok: false, error: { type: 'HTTPResponseCodeError', message: `Request failed with status code ${status}` } },
    );
  });

  it('tells all variables that it reads', () => {
    const { templates = [], selectors } = readsOfHttpRequest(
      configOf({
        method: 'post',
        url: '{{#a.url#}}',
        headers: 'X: {{#a.header#}}\n{{#a.lines#}}',
        params: '{{#a.name#}}: {{#a.param#}}',
        authorization: { type: 'api-key', config: { type: 'custom', api_key: '{{#a.key#}}', header: '{{#a.place#}}' } },
        body: {
          type: 'form-data',
          data: [
            { key: '{{#a.field#}}', type: 'file', file: ['a', 'file'] },
            { key: 'k', value: '{{#a.value#}}' },
          ],
        },
      }),
    );
    const read = templates.flatMap(({ segments }) =>
      segments.flatMap(({ token, selector }) => (token === true ? (selector?.join('.') ?? '') : [])),
    );
    expect([...read].sort()).toEqual(['a.field', 'a.header', 'a.key', 'a.lines', 'a.name', 'a.param', 'a.place', 'a.url', 'a.value']);
    expect(selectors).toEqual([['a', 'file']]);
  });
});
