import { describe, expect, it } from 'vitest';
import type { Inlet, PushedRecord, PushResult } from '../runtime/index.ts';
import { RiskflowError, toJsonText } from '../schemas/index.ts';
import { createPushApp } from './push-app.ts';

/** An inlet that takes all, as records that were not there before. */
function open(push?: Inlet['push']) {
  const taken: { readonly sourceId: string; readonly records: readonly PushedRecord[] }[] = [];
  const inlet: Inlet = {
    push:
      push ??
      ((sourceId, records) => {
        taken.push({ sourceId, records });
        return Promise.resolve(records.map((_, i): PushResult => ({ status: 'accepted', recordId: `n-${i}` })));
      }),
  };
  const app = createPushApp(inlet, { isLoopback: true });
  const send = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
    path = '/sources/reports/records',
  ) => {
    const response = await app.request(path, {
      method: 'POST',
      body,
      headers: { Host: '127.0.0.1:9466', 'Content-Type': 'application/json', ...headers },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as { readonly [key: string]: unknown } };
  };
  const shown = () =>
    taken.map(({ sourceId, records }) => [sourceId, ...records.map(({ fields, recordId }) => `${recordId ?? '-'} ${toJsonText(fields)}`)]);
  return { app, send, shown };
}

describe('POST /sources/{name}/records', () => {
  it.each([
    ['one record', '{"text": "hi"}', {}, ['- {"text":"hi"}']],
    ['one with its id in the header', '{"text": "hi"}', { 'Riskflow-Record-Id': 'r-1' }, ['r-1 {"text":"hi"}']],
    ['one with its id beside it', '{"recordId": "r-2", "fields": {"text": "hi"}}', {}, ['r-2 {"text":"hi"}']],
    ['a record that only looks like it', '{"recordId": "r-2", "fields": "many"}', {}, ['- {"recordId":"r-2","fields":"many"}']],
    ['a list', '[{"a": 1}, {"recordId": "r-3", "fields": {"a": 2.0}}]', {}, ['- {"a":1}', 'r-3 {"a":2.0}']],
    ['lines', '{"a": 1}\n\n  \r\n{"a": 2}\r\n', { 'Content-Type': 'application/x-ndjson; charset=utf-8' }, ['- {"a":1}', '- {"a":2}']],
    ['the name of a prototype', '{"__proto__": {"admin": true}, "constructor": 1}', {}, ['- {"__proto__":{"admin":true},"constructor":1}']],
    ['a big integer', '{"id": 9007199254740993}', {}, ['- {"id":9007199254740993}']],
  ])('takes %s', async (_, body, headers, expected) => {
    const { send, shown } = open();
    const answer = await send(body, headers);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ results: expected.map((__, i) => ({ status: 'accepted', recordId: `n-${i}` })) });
    expect(shown()).toEqual([['reports', ...expected]]);
    expect({}).not.toHaveProperty('admin');
  });

  const lines = { 'Content-Type': 'application/x-ndjson' };
  it.each([
    ['no JSON', '{"text": ', {}, 400, 'the body is not valid JSON: the text ends too early (column 10)'],
    ['nothing', '', {}, 400, /^the body is not valid JSON/],
    ['an empty list', '[]', {}, 400, 'the body holds no record'],
    ['no line', '\n\n', lines, 400, 'the body holds no record'],
    ['a line that is no JSON', '{"a":1}\nnope\n', lines, 400, /^line 2 is not valid JSON: /],
    ['a list of other things', '[{"a":1}, 7]', {}, 400, 'record 2 is not a JSON object'],
    ['a text', '"hi"', {}, 400, 'record 1 is not a JSON object'],
    ['bytes that are no UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 'the body is not valid UTF-8'],
    [
      'one id for two',
      '[{"a":1},{"a":2}]',
      { 'Riskflow-Record-Id': 'r' },
      400,
      'Riskflow-Record-Id names one record, and the body holds 2',
    ],
    ['too many', JSON.stringify(Array.from({ length: 1001 }, () => ({}))), {}, 400, 'the body holds 1001 records, and may hold 1000'],
    ['what nests too deep', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, {}, 400, /^the body is not valid JSON/],
    ['a form', 'a=1', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415, /^the Content-Type must be /],
    ['text', '{"a":1}', { 'Content-Type': 'text/plain' }, 415, /^the Content-Type must be /],
    ['9 MB', JSON.stringify({ text: 'x'.repeat(9 * 1024 * 1024) }), {}, 413, 'a body has at most 8388608 bytes'],
  ])('refuses %s', async (_, body, headers, status, message) => {
    const { send, shown } = open();
    const answer = await send(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      error: { message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
    });
    expect(shown()).toEqual([]);
  });

  it.each([
    [
      new RiskflowError('not_found', 'there is no source "x"', { hint: 'there are: s' }),
      404,
      { code: 'not_found', message: 'there is no source "x"', hint: 'there are: s' },
    ],
    [new RiskflowError('conflict', 'it is stopped'), 409, { code: 'conflict', message: 'it is stopped' }],
    [new RiskflowError('busy', 'too many wait'), 429, { code: 'busy', message: 'too many wait' }],
    [new RiskflowError('usage', 'it is not pushed to'), 400, { code: 'usage', message: 'it is not pushed to' }],
    [
      new RiskflowError('internal', 'password hunter2'),
      500,
      { code: 'failed', message: 'the records could not be stored; send them again' },
    ],
    [new Error('connect ECONNREFUSED 10.0.0.7'), 500, { code: 'failed', message: 'the records could not be stored; send them again' }],
  ])('answers what the inlet says: %s', async (error, status, expected) => {
    const answer = await open(() => Promise.reject(error)).send('{"a":1}');
    expect([answer.status, answer.body]).toEqual([status, { error: expected }]);
    expect(answer.headers.get('Retry-After')).toBe(status === 429 ? '1' : null);
  });

  it('is all that is there, and takes no other method', async () => {
    const { app, send } = open();
    expect((await send('{}', {}, '/sources')).status).toBe(404);
    expect((await send('{}', {}, '/sources/a/b/records')).status).toBe(404);
    const headers = { Host: 'localhost' };
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await app.request('/sources/reports/records', { method, headers })).status).toBe(404);
    // A page of another origin asks first whether it may, and is not told so.
    const asked = await app.request('/sources/reports/records', {
      method: 'OPTIONS',
      headers: { ...headers, Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(asked.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it.each([
    ['127.0.0.1:9466', 202],
    ['localhost', 202],
    ['LOCALHOST:80', 202],
    ['[::1]:9466', 202],
    ['evil.example:9466', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:9466', 403],
    ['', 403],
  ])('under the name %s it answers %i', async (host, status) => {
    const { send, shown } = open();
    expect((await send('{"a":1}', { Host: host })).status).toBe(status);
    expect(shown()).toHaveLength(status === 202 ? 1 : 0);
  });

  it('reachable from elsewhere, it goes by any name', async () => {
    const app = createPushApp({ push: () => Promise.resolve([]) }, { isLoopback: false });
    const headers = { Host: 'riskflow.internal', 'Content-Type': 'application/json' };
    expect((await app.request('/sources/s/records', { method: 'POST', headers, body: '{}' })).status).toBe(202);
  });
});
