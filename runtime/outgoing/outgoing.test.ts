import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResponseTooLargeError } from '../../models/index.ts';
import type { OutgoingAudit } from '../../schemas/index.ts';
import { checkConfiguration } from '../configuration/check.ts';
import { openApp, type App } from '../open-app.ts';
import { readSettings } from '../settings.ts';
import { auditLine } from './audit-line.ts';
import { modelExchanges } from './model-exchanges.ts';
import { keptFiles } from './kept-files.ts';
import { webhookPost } from './webhook-post.ts';

let folder: string;
let app: App | undefined;
const notices: string[] = [];
const arrived: string[] = [];
let port: number;
let closeServer: () => Promise<unknown>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-outgoing-'));
  notices.length = 0;
  arrived.length = 0;
  const server = createServer((request, response) => {
    arrived.push(`${request.method} ${request.url}`);
    response.writeHead(429, { 'retry-after': '7' });
    response.end('x'.repeat(1000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  closeServer = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await closeServer();
  rmSync(folder, { recursive: true });
});

async function open(environment: Readonly<Record<string, string>> = {}): Promise<App> {
  app = await openApp(readSettings({ RISKFLOW_DATA: folder, ...environment }, folder), {
    actor: 'test',
    onNotice: (line) => notices.push(line),
  });
  return app;
}
const { signal } = new AbortController();

describe('the guarded client of the application', () => {
  it('asks public places only, and tells of what it refuses, without secrets', async () => {
    const { context } = await open({ RISKFLOW_SECRET_PATH: 'path-secret' });
    const url = `http://127.0.0.1:${port}/a/path-secret?q=hidden`;
    const result = await context.outgoing.send({ method: 'GET', url, purpose: 'http-request node "Ask"', signal });
    expect(result).toMatchObject({ ok: false, type: 'refused' });
    expect(arrived).toEqual([]);
    expect(notices).toEqual([
      `outgoing request refused: GET http://127.0.0.1:${port} (127.0.0.1) for http-request node "Ask": it leads to 127.0.0.1, which is not public (the machine itself)`,
    ]);
  });

  it('asks places that the operator listed, and tells each use, without secrets', async () => {
    const { context } = await open({ RISKFLOW_OUTGOING_ALLOW: `other.test:1, 127.0.0.1:${port}`, RISKFLOW_SECRET_PATH: 'path-secret' });
    const url = `http://127.0.0.1:${port}/a/path-secret?q=hidden`;
    for (let n = 0; n < 2; n++)
      expect(await context.outgoing.send({ method: 'GET', url, purpose: 'p', signal })).toMatchObject({ status: 429 });
    expect(arrived).toHaveLength(2);
    const line = `outgoing request listed: GET http://127.0.0.1:${port}/a/*** (127.0.0.1) for p: 127.0.0.1:${port} is listed`;
    expect(notices).toEqual([line, line]);
  });

  it('lets webhooks go to the place that the configuration names, and to no other; flows cannot use that', async () => {
    const { context } = await open();
    const hook = webhookPost(context.outgoing, { url: `http://127.0.0.1:${port}/hook`, purpose: 'sinks.hooks' });
    const posting = { headers: { 'x-a': '1' }, body: '{}', timeoutMs: 2_000, signal };
    expect(await hook.post(`http://127.0.0.1:${port}/hook`, posting)).toEqual({ status: 429, retryAfter: '7' });
    await expect(hook.post('http://127.0.0.1:9/hook', posting)).rejects.toThrow('not public');
    await hook.close();
    const url = `http://127.0.0.1:${port}/hook`;
    expect(await context.outgoing.send({ method: 'POST', url, purpose: 'p', signal })).toMatchObject({ ok: false, type: 'refused' });
    expect(arrived).toEqual(['POST /hook']);
  });

  it('lets calls of models go to their endpoint, and to no other; a limit and a failure are told as the models room knows them', async () => {
    const { context } = await open();
    const exchange = modelExchanges(context.outgoing)(`http://127.0.0.1:${port}/v1`);
    const call = {
      method: 'POST',
      url: `http://127.0.0.1:${port}/v1/x`,
      headers: { 'content-type': 'a/b' },
      body: '{}',
      maxBytes: 5_000,
      signal,
    };
    expect(await exchange(call)).toMatchObject({ status: 429, text: 'x'.repeat(1000), headers: { 'retry-after': '7' } });
    await expect(exchange({ ...call, maxBytes: 10 })).rejects.toBeInstanceOf(ResponseTooLargeError);
    await expect(exchange({ ...call, url: 'http://127.0.0.1:9/v1' })).rejects.toThrow('not public');
    expect(modelExchanges(context.outgoing)('http://127.0.0.1:9')).not.toBe(exchange);
    await expect(modelExchanges(context.outgoing)('http://127.0.0.1:9')({ ...call, url: 'http://127.0.0.1:9/v1' })).rejects.toThrow(
      'ECONNREFUSED',
    );
    expect(arrived).toEqual(['POST /v1/x', 'POST /v1/x']);
    // Uses of what the configuration names are not told, refusals are.
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('outgoing request refused: POST http://127.0.0.1:9');
  });

  it('is told how an answer after redirects came to be refused', () => {
    const entry: OutgoingAudit = {
      verdict: 'refused',
      purpose: 'p',
      method: 'GET',
      url: 'http://a.test/x',
      address: null,
      reason: 'why',
      hop: 1,
    };
    expect(auditLine(entry)).toBe('outgoing request refused: GET http://a.test/x after 1 redirect for p: why');
    expect(auditLine({ ...entry, hop: 2, address: '::1' })).toBe(
      'outgoing request refused: GET http://a.test/x (::1) after 2 redirects for p: why',
    );
  });
});

describe('files that runs keep', () => {
  it('are found by their URL, in their workspace alone', async () => {
    const { context } = await open();
    const files = keptFiles(context.storage, context.workspaceId);
    const url = await files.keep(Buffer.from('content'), { runId: 'r-1' });
    expect(url).toMatch(/^blob:[0-9a-f]{64}$/);
    expect(await files.keep(Buffer.from('content'), { runId: 'r-2' })).toBe(url);
    expect(Buffer.from((await files.read(url)) ?? []).toString()).toBe('content');
    expect(await keptFiles(context.storage, 'other').read(url)).toBeUndefined();
    expect(await files.read('blob:nothing')).toBeUndefined();
    // As long as one of the runs needs it.
    await context.storage.blobs.forget(context.workspaceId, 'run/r-1', { storedBefore: Number.MAX_SAFE_INTEGER });
    expect(await files.read(url)).toBeDefined();
    await context.storage.blobs.forget(context.workspaceId, 'run/r-2', { storedBefore: Number.MAX_SAFE_INTEGER });
    expect(await files.read(url)).toBeUndefined();
  });
});

describe('the settings', () => {
  const read = async (config: string, environment: Readonly<Record<string, string>> = {}) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(folder, 'riskflow.yml'), config);
    return { settings: () => readSettings(environment, folder).outgoing, errors: checkConfiguration({ environment, folder }).errors };
  };

  it('have Dify’s limits and no places where nothing is set', async () => {
    const { settings, errors } = await read('modelConcurrency: 3');
    expect(errors).toEqual([]);
    expect(settings()).toEqual({ allow: [], ports: undefined, limits: { maxTextBytes: 1 << 20, maxBinaryBytes: 10 << 20 } });
  });

  it('are read from the file; the variable comes before its list', async () => {
    const config =
      'outgoing: { allow: ["Models.Internal:8000", "[FD00::5]:443", "10.1:80"], ports: [80, 9000], maxTextBytes: 5, maxBinaryBytes: 6 }';
    expect((await read(config)).settings()).toEqual({
      allow: [
        { host: 'models.internal', port: 8000 },
        { host: '[fd00::5]', port: 443 },
        { host: '10.0.0.1', port: 80 },
      ],
      ports: [80, 9000],
      limits: { maxTextBytes: 5, maxBinaryBytes: 6 },
    });
    expect((await read(config, { RISKFLOW_OUTGOING_ALLOW: 'a.b:1,' })).settings().allow).toEqual([{ host: 'a.b', port: 1 }]);
  });

  it.each(['models.internal', 'http://a:80', 'a:0', 'a:70000', '*.corp:80', 'a b:80', 'fd00::5:443', 'user@a:80', ':80', 'a:80/path'])(
    'refuse %j as a place, and say how one is written',
    async (place) => {
      const inFile = await read(`outgoing: { allow: ['${place}'] }`);
      expect(inFile.errors).toMatchObject([
        { setting: 'outgoing.allow.0', line: 1, message: expect.stringContaining('not host:port') as string },
      ]);
      const inVariable = await read('', { RISKFLOW_OUTGOING_ALLOW: place });
      expect(inVariable.errors).toMatchObject([{ setting: 'RISKFLOW_OUTGOING_ALLOW', message: expect.stringContaining(place) as string }]);
    },
  );
});
