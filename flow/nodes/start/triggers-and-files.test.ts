import { describe, expect, it } from 'vitest';
import { encodeValue, decodeValue, type Json, type Value } from '../../../schemas/index.ts';
import { checkInputs } from '../../engine/start-inputs.ts';
import { flowOf, type TestNode } from '../../testing/dsl.ts';
import type { StartConfig } from './config.ts';
import { fileInput } from './file-input.ts';
import { webhookInputs } from './webhook-inputs.ts';

const value = (json: Json): Value => decodeValue(json);
const object = (json: Json): ReadonlyMap<string, Value> => value(json) as ReadonlyMap<string, Value>;

function rootOf(node: TestNode): { readonly config: StartConfig; readonly check: (inputs: Json) => unknown } {
  const { plan } = flowOf([node, { id: 'end', type: 'end', outputs: [] }], [`${node.id} -> end`]);
  const root = plan.nodes.find(({ id }) => id === node.id);
  if (root?.behaviour.kind !== 'start') throw new Error('the root is no start');
  const check = (inputs: Json): unknown => {
    const checked = checkInputs(plan, object(inputs));
    return checked.ok ? encodeValue(checked.inputs) : checked.message;
  };
  return { config: root.behaviour.config, check };
}

const HOOK: TestNode = {
  id: 'hook',
  type: 'trigger-webhook',
  method: 'POST',
  headers: [{ name: 'X-Tenant', type: 'string', required: true }],
  params: [
    { name: 'page', type: 'number' },
    { name: 'dry', type: 'boolean' },
  ],
  body: [
    { name: 'tags', type: 'array[string]' },
    { name: 'report', type: 'object', required: true },
    { name: 'photo', type: 'file' },
  ],
  status_code: 202,
  response_body: 'thanks',
};

describe('a webhook', () => {
  it('keeps what a server has to know', () => {
    expect(rootOf(HOOK).config.trigger).toMatchObject({
      kind: 'webhook',
      method: 'post',
      contentType: 'application/json',
      answer: { status: 202, body: 'thanks' },
    });
  });

  it('has the parts of a call as inputs, headers by names without hyphens and in any case', () => {
    const { config, check } = rootOf(HOOK);
    if (config.trigger?.kind !== 'webhook') throw new Error('it is no webhook');
    const photo = { type: 'image', transfer_method: 'remote_url', url: 'https://files.test/a.png' };
    const inputs = webhookInputs(config.trigger, {
      headers: object({ 'x-tenant': 'acme' }),
      params: object({ page: '2', dry: 'Yes', other: '1' }),
      body: value({ tags: ['a'], report: { id: 7 } }),
      files: object({ photo }),
    });
    expect([...inputs.keys()]).toEqual(['X_Tenant', 'page', 'dry', 'tags', 'report', 'photo', '_webhook_raw']);
    expect(check(encodeValue(inputs))).toMatchObject({
      X_Tenant: 'acme',
      page: 2,
      dry: true,
      tags: ['a'],
      report: { id: 7 },
      photo: { filename: 'a.png', mime_type: 'image/png' },
      _webhook_raw: { headers: { 'x-tenant': 'acme' }, query_params: { page: '2', dry: 'Yes', other: '1' } },
    });
  });

  it('with a plain text has all of it in each part of its body', () => {
    const { config } = rootOf({ id: 'hook', type: 'trigger-webhook', content_type: 'text/plain', body: [{ name: 'raw', type: 'string' }] });
    if (config.trigger?.kind !== 'webhook') throw new Error('it is no webhook');
    const none = object({});
    const inputs = webhookInputs(config.trigger, { headers: none, params: none, body: 'hello', files: none });
    expect(inputs.get('raw')).toBe('hello');
    expect(encodeValue(inputs.get('_webhook_raw') ?? null)).toMatchObject({ body: { raw: 'hello' } });
  });

  it.each<[string, Json, string]>([
    ['a header is missing', { report: {} }, 'input "X_Tenant" is required'],
    ['a number is none', { X_Tenant: 'a', report: {}, page: 'x' }, 'input "page" must be a number'],
    ['a boolean is none', { X_Tenant: 'a', report: {}, dry: 'perhaps' }, 'input "dry" must be true or false, not string'],
    ['a list holds other things', { X_Tenant: 'a', report: {}, tags: [1] }, 'input "tags" must be a list (array[string]), not array'],
    ['an object is none', { X_Tenant: 'a', report: '{}' }, 'input "report" must be an object, not string'],
    ['a file is none', { X_Tenant: 'a', report: {}, photo: 'a.png' }, 'input "photo": a file is given as an object'],
  ])('is refused when %s', (_name, inputs, message) => expect(rootOf(HOOK).check(inputs)).toContain(message));

  it('with a field of an unknown type is refused at import', () => {
    expect(() => rootOf({ id: 'hook', type: 'trigger-webhook', params: [{ name: 'x', type: 'date' }] })).toThrow(/the type "date"/);
  });
});

describe('other triggers', () => {
  it('keep when a schedule is due', () => {
    const visual_config = { time: '2:30 PM', on_minute: 5, weekdays: ['mon'], monthly_days: [1, 'last'] };
    expect(
      rootOf({ id: 's', type: 'trigger-schedule', frequency: 'monthly', visual_config, timezone: 'Asia/Tokyo' }).config.trigger,
    ).toEqual({
      kind: 'schedule',
      timezone: 'Asia/Tokyo',
      times: { frequency: 'monthly', minute: 5, time: '2:30 PM', weekdays: ['mon'], days: [1, 'last'] },
    });
    expect(rootOf({ id: 's', type: 'trigger-schedule', mode: 'cron', cron_expression: '0 9 * * 1' }).config.trigger).toMatchObject({
      times: { cron: '0 9 * * 1' },
    });
    expect(() => rootOf({ id: 's', type: 'trigger-schedule', mode: 'cron' })).toThrow(/cron_expression/);
    expect(rootOf({ id: 's', type: 'trigger-schedule' }).check({ x: 1 })).toEqual({});
  });

  it('let through all that an event tells', () => {
    expect(rootOf({ id: 'e', type: 'trigger-plugin', plugin_id: 'acme/git', event_name: 'push' }).check({ any: { thing: 1 } })).toEqual({
      any: { thing: 1 },
    });
  });
});

describe('fileInput', () => {
  it.each<[string, Json, Json]>([
    [
      'by its URL',
      { type: 'document', transfer_method: 'remote_url', url: 'https://files.test/a%20b.PDF?x=/y.png' },
      { type: 'document', transfer_method: 'remote_url', filename: 'a b.PDF', extension: '.PDF', mime_type: 'application/pdf', size: -1 },
    ],
    [
      'uploaded',
      { type: 'image', transfer_method: 'local_file', upload_file_id: 'f1' },
      { related_id: 'f1', remote_url: null, url: null, extension: '' },
    ],
    [
      'spelt out',
      { url: 'data:image/webp;base64,AA' },
      { type: 'image', mime_type: 'image/webp', transfer_method: 'remote_url', filename: null },
    ],
    [
      'with what the caller knows',
      { url: 'https://f.test/', filename: 'x.csv', size: 3, type: 'custom' },
      { filename: 'x.csv', size: 3, mime_type: 'text/csv' },
    ],
    [
      'as one of the pool',
      { dify_model_identity: '__dify__file__', type: 'image' },
      { dify_model_identity: '__dify__file__', type: 'image' },
    ],
  ])('takes a file %s', (_name, given, expected) => {
    const made = fileInput(value(given));
    expect(made.ok && encodeValue(made.file)).toMatchObject(expected as object);
  });

  it.each<[Json]>([
    ['a.png'],
    [null],
    [[]],
    [{}],
    [{ type: 'image', transfer_method: 'remote_url' }],
    [{ url: 'file:///etc/passwd' }],
    [{ url: 'https://f.test/a', type: 'thing' }],
  ])('refuses %j', (given) => expect(fileInput(value(given))).toMatchObject({ ok: false }));
});

describe('what a start node allows', () => {
  const start = (extra: object): TestNode => ({
    id: 'start',
    type: 'start',
    variables: [{ variable: 'f', label: 'f', type: 'file-list', max_length: 2, ...extra }],
  });
  const picture = { type: 'image', transfer_method: 'remote_url', url: 'https://f.test/a.png' };
  const custom = { type: 'custom', transfer_method: 'remote_url', url: 'https://f.test/a.BIN' };

  it.each<[string, object, Json, string | null]>([
    ['a type', { allowed_file_types: ['image'] }, [picture], null],
    ['not another', { allowed_file_types: ['document'] }, [picture], 'files of the type "image" are not allowed'],
    ['an ending', { allowed_file_types: ['custom'], allowed_file_extensions: ['bin'] }, [custom], null],
    [
      'not another ending',
      { allowed_file_types: ['custom'], allowed_file_extensions: ['.txt'] },
      [custom],
      'files that end in ".BIN" are not allowed',
    ],
    ['a way to give it', { allowed_file_upload_methods: ['local_file'] }, [picture], 'files may be given by local_file'],
    ['no more than so many', {}, [picture, picture, picture], 'has 3 files, at most 2 are allowed'],
    ['a list only', {}, picture, 'must be a list of files'],
  ])('%s', (_name, extra, files, problem) => {
    const result = rootOf(start(extra)).check({ f: files });
    if (problem === null) expect(result).toHaveProperty('f.0.dify_model_identity');
    else expect(result).toContain(problem);
  });
});
