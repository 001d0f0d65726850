import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeaderList, HostAndPort, OutgoingAudit, OutgoingClient, OutgoingRequest } from '../../schemas/index.ts';
import { dial } from './dial.ts';
import { startNameServer, type NameServer } from './name-server.contract.ts';
import { createOutgoingClient } from './outgoing-client.ts';
import { startTestServer, type SeenRequest, type TestServer } from './test-server.contract.ts';

const PUBLIC = '93.184.215.14';
const never = new AbortController().signal;

let names: NameServer;
const dialed: string[] = [];
const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
const audits: OutgoingAudit[] = [];
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  audits.length = 0;
  dialed.length = 0;
  names = await startNameServer();
  closing.push(() => names.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type ServerAnswer = Parameters<typeof startTestServer>[0];
async function serve(answer: ServerAnswer, options?: Parameters<typeof startTestServer>[1]): Promise<TestServer> {
  const server = await startTestServer(answer, options);
  closing.push(() => server.close());
  return server;
}

function open(allow: readonly HostAndPort[] = [], ports?: readonly number[]): OutgoingClient {
  const client = createOutgoingClient({
    allow,
    ...(ports === undefined ? {} : { ports }),
    resolve: names.resolve,
    // Nothing of a test leaves this machine.
    dial: (target) => {
      dialed.push(...target.addresses);
      return target.addresses.every(isLoopback) ? dial(target) : Promise.reject(new Error('a test goes nowhere else'));
    },
    audit: (entry) => audits.push(entry),
  });
  closing.push(() => client.close());
  return client;
}
const ask = (client: OutgoingClient, url: string, more: Partial<OutgoingRequest> = {}) =>
  client.send({ method: 'GET', url, purpose: 'test', signal: never, ...more });
const valueOf = (headers: HeaderList, name: string): string | undefined => headers.find(([given]) => given === name)?.[1];

describe('names, looked up at a real name server', () => {
  it.each([
    ['loopback', ['127.0.0.1']],
    ['a public and a private address', [PUBLIC, '127.0.0.1']],
    ['loopback of IPv6', ['::1']],
    ['IPv4 within IPv6', ['::ffff:127.0.0.1']],
    ['public IPv4 and loopback of IPv6', [PUBLIC, '::1']],
  ])('that lead to %s are refused, and nothing is connected', async (_what, addresses) => {
    const server = await serve((_request, response) => response.end('inside'));
    names.answer('trap.test', addresses);
    const result = await ask(open([], [server.port]), `http://trap.test:${server.port}/x?key=hidden`);
    expect(result).toMatchObject({ ok: false, type: 'refused' });
    expect(server.connections()).toBe(0);
    expect(names.asked).toEqual(['trap.test']);
    expect(audits).toMatchObject([{ verdict: 'refused', purpose: 'test', method: 'GET', hop: 0 }]);
    expect(audits[0]?.address).not.toBe(PUBLIC);
    expect(JSON.stringify([audits, result])).not.toContain('hidden');
  });

  it('that were public and lead inside when they are looked up again are refused (rebinding)', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { connection: 'close' });
      response.end('inside');
    });
    names.answer('turn.test', [PUBLIC], ['127.0.0.1']);
    const client = open([], [server.port]);
    const url = `http://turn.test:${server.port}/`;
    expect(await ask(client, url)).toMatchObject({ ok: false, reason: 'a test goes nowhere else' });
    expect(dialed).toEqual([PUBLIC]);
    expect(await ask(client, url)).toMatchObject({ ok: false, type: 'refused', message: expect.stringContaining('127.0.0.1') as string });
    expect([server.connections(), dialed]).toEqual([0, [PUBLIC]]);
    expect(names.asked).toEqual(['turn.test', 'turn.test']);
  });

  it('that are listed are looked up once for a connection, and that address is connected to', async () => {
    const server = await serve((_request, response) => response.end('listed'));
    names.answer('models.corp.test', ['127.0.0.1'], ['127.0.0.9']);
    const result = await ask(open([{ host: 'models.corp.test', port: server.port }]), `http://models.corp.test:${server.port}/v1?q=1`);
    expect(result).toMatchObject({ ok: true, status: 200, hops: 0 });
    expect(names.asked).toEqual(['models.corp.test']);
    expect(audits).toEqual([
      {
        verdict: 'listed',
        purpose: 'test',
        method: 'GET',
        url: `http://models.corp.test:${server.port}/v1`,
        address: '127.0.0.1',
        reason: `models.corp.test:${server.port} is listed`,
        hop: 0,
      },
    ]);
  });

  it('that are not found are a failed connection', async () => {
    expect(await ask(open(), 'http://missing.test/')).toEqual({
      ok: false,
      type: 'connection',
      message: 'no answer from http://missing.test (getaddrinfo ENOTFOUND missing.test)',
      reason: 'getaddrinfo ENOTFOUND missing.test',
    });
  });

  it('that are listed with one port are refused with another, by every spelling', async () => {
    const server = await serve((_request, response) => response.end());
    const client = open([{ host: '127.0.0.1', port: 1 }], [server.port]);
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', 'localhost']) {
      expect(await ask(client, `http://${host}:${server.port}/`)).toMatchObject({ ok: false, type: 'refused' });
    }
    expect([server.connections(), names.asked]).toEqual([0, []]);
  });
});

describe('what is trusted by the configuration', () => {
  it('is asked by that client alone, over connections that no other finds, and only refusals are told, without their path', async () => {
    const server = await serve((_request, response) => response.end('in'));
    names.answer('hooks.test', ['127.0.0.1']);
    const client = open([], [server.port]);
    const trusting = client.trusting([{ host: 'hooks.test', port: server.port }]);
    const url = `http://hooks.test:${server.port}/services/path-secret`;
    for (let n = 0; n < 3; n++) expect(await ask(trusting, url)).toMatchObject({ ok: true });
    expect(server.connections()).toBeLessThan(3);
    expect(audits).toEqual([]);
    // The connection is still open, and of no use to others.
    expect(await ask(client, url)).toMatchObject({ ok: false, type: 'refused' });
    expect(server.requests).toHaveLength(3);
    expect(await ask(trusting, `http://10.0.0.1/services/path-secret`)).toMatchObject({ ok: false, type: 'refused' });
    expect(audits.map(({ verdict }) => verdict)).toEqual(['refused', 'refused']);
    expect(JSON.stringify(audits[1])).not.toContain('path-secret');
    await trusting.close();
  });
});

describe('redirects', () => {
  it('to places inside are refused at every hop', async () => {
    const inside = await serve((_request, response) => response.end('inside'));
    const chain = (target: string) => (request: SeenRequest, response: Parameters<ServerAnswer>[1]) => {
      response.writeHead(302, { location: request.path === '/3' ? target : `/${Number(request.path.slice(1)) + 1}` });
      response.end();
    };
    for (const target of [inside.url, `http://localhost:${inside.port}/`, 'file:///etc/passwd', `//0x7f000001:${inside.port}/`]) {
      const server = await serve(chain(target));
      const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), `${server.url}/1`);
      expect(result).toMatchObject({ ok: false, type: 'refused', message: expect.stringContaining('the redirect') as string });
      expect(server.requests).toHaveLength(3);
      expect(audits.at(-1)).toMatchObject({ verdict: 'refused', hop: 3 });
    }
    expect(inside.connections()).toBe(0);
  });

  it('are followed five times and no more', async () => {
    const server = await serve((request, response) => {
      response.writeHead(307, { location: `/${Number(request.path.slice(1)) + 1}` });
      response.end();
    });
    const client = open([{ host: '127.0.0.1', port: server.port }]);
    expect(await ask(client, `${server.url}/0`)).toMatchObject({
      ok: false,
      message: expect.stringContaining('more than 5 redirects') as string,
    });
    expect(server.requests).toHaveLength(6);
    expect(await ask(client, `${server.url}/0`, { redirects: 0 })).toMatchObject({ ok: true, status: 307, hops: 0 });
    expect(server.requests).toHaveLength(7);
  });

  it('tell no other origin what is secret, nor what came with the body', async () => {
    const second = await serve((_request, response) => response.end('second'));
    const first = await serve((request, response) => {
      response.writeHead(request.path === '/own' ? 307 : 303, { location: request.path === '/own' ? '/away' : `${second.url}/end` });
      response.end();
    });
    const places = [first, second].map(({ port }) => ({ host: '127.0.0.1', port }));
    const result = await ask(open(places), `${first.url}/own`, {
      method: 'post',
      headers: [
        ['Authorization', 'Bearer hidden-1'],
        ['Cookie', 'session=hidden-2'],
        ['X-Api-Key', 'hidden-3'],
        ['X-Plain', 'shown'],
        ['Content-Type', 'text/plain'],
      ],
      secretHeaders: ['x-api-key'],
      body: { kind: 'bytes', bytes: Buffer.from('hidden-4') },
    });
    expect(result).toMatchObject({ ok: true, status: 200, hops: 2, finalUrl: `${second.url}/end` });
    // The same origin is told all of it again.
    expect(
      first.requests.map(({ method, path, headers, body }) => [method, path, headers.authorization, headers['x-api-key'], body.toString()]),
    ).toEqual([
      ['POST', '/own', 'Bearer hidden-1', 'hidden-3', 'hidden-4'],
      ['POST', '/away', 'Bearer hidden-1', 'hidden-3', 'hidden-4'],
    ]);
    const [seen] = second.requests;
    expect([seen?.method, seen?.headers['x-plain'], seen?.headers['content-type'], seen?.body.length]).toEqual([
      'GET',
      'shown',
      undefined,
      0,
    ]);
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain('hidden');
  });

  it('do not tell another origin a body with a secret, as 307 and 308 ask for', async () => {
    const second = await serve((_request, response) => response.end('second'));
    const first = await serve((request, response) => {
      response.writeHead(request.path === '/own' ? 307 : 308, { location: request.path === '/own' ? '/away' : `${second.url}/end` });
      response.end();
    });
    const places = [first, second].map(({ port }) => ({ host: '127.0.0.1', port }));
    const post = { method: 'POST', body: { kind: 'bytes', bytes: Buffer.from('hidden') } } as const;
    const result = await ask(open(places), `${first.url}/own`, { ...post, secretBody: true });
    expect(result).toMatchObject({ ok: false, type: 'refused', message: expect.stringContaining('a body with a secret') as string });
    expect(first.requests.map(({ path }) => path)).toEqual(['/own', '/away']);
    expect(second.requests).toEqual([]);
    expect(await ask(open(places), `${first.url}/own`, post)).toMatchObject({ ok: true, hops: 2 });
  });

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
  ])('%i makes of %s a %s, as in browsers', async (status, method, then) => {
    const server = await serve((request, response) => {
      if (request.path === '/') response.writeHead(status, { location: '/next' });
      response.end();
    });
    await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, { method, body: { kind: 'bytes', bytes: Buffer.from('b') } });
    expect(server.requests.map((request) => [request.method, request.body.toString()])).toEqual([
      [method, 'b'],
      [then, then === method ? 'b' : ''],
    ]);
  });
});

describe('limits', () => {
  const LIMIT = 64 * 1024;
  const bomb = Buffer.alloc(20 << 20);

  it.each([
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb)],
    ['deflate', deflateSync(bomb)],
    ['deflate', deflateRawSync(bomb)],
    ['gzip, gzip', gzipSync(gzipSync(bomb))],
  ])('a bomb in %s is not unpacked', async (encoding, bytes) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(bytes);
    });
    const before = process.memoryUsage().rss;
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, { maxBodyBytes: LIMIT });
    expect(result).toMatchObject({ ok: false, type: 'size', message: `${server.url}: the answer is larger than ${LIMIT} bytes` });
    expect(process.memoryUsage().rss - before).toBeLessThan(60 << 20);
  });

  it('what is packed comes unpacked', async () => {
    const packs: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
      ['deflate', deflateRawSync],
      ['identity', (bytes) => bytes],
      ['br, gzip', (bytes) => gzipSync(brotliCompressSync(bytes))],
    ];
    for (const [encoding, pack] of packs) {
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': encoding });
        response.end(pack(Buffer.from('风险 😀')));
      });
      const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url);
      expect(result.ok ? Buffer.from(result.body).toString() : result.message).toBe('风险 😀');
      expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip, deflate, br');
    }
  });

  it.each([
    ['zstd', 'x', 'its body is in the encoding "zstd", which is not known'],
    ['gzip', 'no gzip', 'its body is said to be gzip and is not'],
    ['gzip,gzip,gzip', 'x', 'its body is packed 3 times'],
  ])('a body in %s that is none is a failure', async (encoding, body, words) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(body);
    });
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url);
    expect(result).toEqual({ ok: false, type: 'protocol', message: `${server.url}: ${words}`, reason: words });
  });

  it('a body that comes byte by byte takes no more memory than its bytes', async () => {
    const bytes = 300_000;
    const server = await serve((_request, response) => {
      // Past the chunks that Node would write: each holds one byte.
      response.socket?.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`);
    });
    const before = process.memoryUsage().rss;
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, { maxBodyBytes: bytes });
    expect(result).toMatchObject({ ok: true, body: { length: bytes } });
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20);
  });
  it('a body that is announced or comes larger ends at once', async () => {
    let written = 0;
    const server = await serve((request, response) => {
      if (request.path === '/announced') response.writeHead(200, { 'content-length': LIMIT * 1000 });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16 * 1024))) written += 16 * 1024;
      };
      response.on('drain', more);
      more();
    });
    const client = open([{ host: '127.0.0.1', port: server.port }]);
    for (const path of ['/announced', '/streamed']) {
      const limits: number[] = [];
      const result = await ask(client, `${server.url}${path}`, {
        maxBodyBytes: ({ status }) => {
          limits.push(status);
          return LIMIT;
        },
      });
      expect(result).toMatchObject({ ok: false, type: 'size' });
      expect(limits).toEqual([200]);
    }
    expect(written).toBeLessThan(LIMIT * 500);
  });

  it('more headers than 64 KiB are not read', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'x-large': 'x'.repeat(100 * 1024) });
      response.end();
    });
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url);
    expect(result).toMatchObject({ ok: false, type: 'size', message: `${server.url}: it sends more headers than are read` });
  });

  /** Writes the pieces 20 ms apart for ever. */
  async function drip(
    piece: (n: number) => string,
  ): Promise<{ readonly url: string; readonly port: number; readonly ended: () => boolean }> {
    const sockets = new Set<Socket>();
    let ended = false;
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.resume();
      let n = 0;
      const timer = setInterval(() => socket.write(piece(n++)), 20);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          ended = true;
          clearInterval(timer);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, port, ended: () => ended };
  }

  it.each<readonly [string, (n: number) => string, OutgoingRequest['timeouts'], string]>([
    ['headers that never end', (n) => (n === 0 ? 'HTTP/1.1 200 OK\r\n' : `x-${n}: y\r\n`), { total: 200 }, 'no whole answer within 200 ms'],
    ['no headers at all', () => '', { read: 120 }, 'nothing more came within 120 ms'],
    ['a body that never ends', (n) => (n === 0 ? 'HTTP/1.1 200 OK\r\n\r\n' : 'x'), { total: 200 }, 'no whole answer within 200 ms'],
    [
      'a body that stops',
      (n) => (n === 0 ? 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc' : ''),
      { read: 120 },
      'nothing more came within 120 ms',
    ],
  ])('%s end with time', async (_what, piece, timeouts, words) => {
    const server = await drip(piece);
    const began = performance.now();
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, timeouts === undefined ? {} : { timeouts });
    expect(result).toMatchObject({ ok: false, type: 'timeout', message: expect.stringContaining(words) as string });
    expect(performance.now() - began).toBeLessThan(1_500);
    await vi.waitFor(() => expect(server.ended()).toBe(true));
  });

  it.each<readonly [string, (n: number) => string]>([
    ['never ends', (n) => (n === 0 ? 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n' : 'x')],
    ['is huge', (n) => (n === 0 ? 'HTTP/1.1 200 OK\r\n\r\n' : 'x'.repeat(50_000))],
  ])('a body that is ignored and %s changes nothing about the answer, and is not read on', async (_what, piece) => {
    const server = await drip(piece);
    const began = performance.now();
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, { ignoreBody: true, maxBodyBytes: 10 });
    expect(result).toMatchObject({ ok: true, status: 200, body: new Uint8Array() });
    expect(performance.now() - began).toBeLessThan(800);
    await vi.waitFor(() => expect(server.ended()).toBe(true), { timeout: 3_000 });
  });

  it('ends when it is aborted, and says why', async () => {
    const server = await drip(() => '');
    const stop = new AbortController();
    const sent = ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, { signal: stop.signal });
    stop.abort(new Error('the run was stopped'));
    await expect(sent).rejects.toThrow('the run was stopped');
    await expect(ask(open(), server.url, { signal: stop.signal })).rejects.toThrow('the run was stopped');
  });

  it.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['an answer cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'],
  ])('%s is a failure and no answer', async (_what, text) => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(text)).on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const result = await ask(open([{ host: '127.0.0.1', port }]), `http://127.0.0.1:${port}/`);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(['protocol', 'connection']).toContain(result.type);
  });
});

describe('requests', () => {
  it('are sent with the headers given, in order, but those of the connection', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(201, [
        ['X-Two', 'a'],
        ['X-Two', 'b'],
      ]);
      response.end('ok');
    });
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), `${server.url}/p?a=1#part`, {
      method: 'PuT',
      headers: [
        ['X-One', '1'],
        ['Host', 'elsewhere.test'],
        ['Content-Length', '9999'],
        ['Transfer-Encoding', 'chunked'],
        ['Connection', 'upgrade'],
        ['X-One', '2'],
        ['User-Agent', 'mine'],
      ],
      body: { kind: 'bytes', bytes: Buffer.from('héllo') },
    });
    expect(result).toMatchObject({ ok: true, status: 201 });
    expect(result.ok ? result.headers.filter(([name]) => name === 'x-two') : []).toEqual([
      ['x-two', 'a'],
      ['x-two', 'b'],
    ]);
    const [seen] = server.requests;
    expect(seen).toMatchObject({ method: 'PUT', path: '/p?a=1' });
    expect(seen?.body.toString()).toBe('héllo');
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      'content-length': '6',
      'x-one': '1, 2',
      'user-agent': 'mine',
      accept: '*/*',
    });
    expect(seen?.headers['transfer-encoding']).toBeUndefined();
  });

  it.each<readonly [string, Partial<OutgoingRequest>, string]>([
    ['a line break in a value', { headers: [['X-A', 'v\r\nx-evil: secret']] }, 'the header X-A holds characters'],
    ['beyond Latin-1', { headers: [['X-A', 'secret 风']] }, 'the header X-A holds characters'],
    ['no name', { headers: [['x a:', 'secret']] }, '"x a:" cannot be the name of a header'],
    ['a method that tunnels', { method: 'connect' }, 'requests with the method "connect" are not made'],
    ['a method that is none', { method: 'GET / HTTP/1.1\r\n' }, 'are not made'],
  ])('with %s are not sent', async (_what, more, words) => {
    const server = await serve((_request, response) => response.end());
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, more);
    expect(result).toMatchObject({ ok: false, type: 'protocol', message: expect.stringContaining(words) as string });
    expect(JSON.stringify(result)).not.toContain('secret');
    expect(server.connections()).toBe(0);
  });

  it('hold forms with files as other programs read them', async () => {
    const server = await serve((_request, response) => response.end());
    await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url, {
      method: 'POST',
      headers: [['Content-Type', 'multipart/form-data']],
      body: {
        kind: 'multipart',
        parts: [
          { name: 'a"\r\nb', text: '风\r\n--x' },
          { name: 'file', filename: '报 "1".bin', contentType: 'application/x-thing', bytes: Buffer.from([0, 13, 10, 255]) },
        ],
      },
    });
    const [seen] = server.requests;
    const form = await new Response(new Uint8Array(seen?.body ?? []), {
      headers: { 'content-type': seen?.headers['content-type'] ?? '' },
    }).formData();
    expect(form.get('a"\r\nb')).toBe('风\r\n--x');
    const file = form.get('file');
    if (!(file instanceof File)) throw new Error('it is no file');
    expect([file.name, file.type, [...new Uint8Array(await file.arrayBuffer())]]).toEqual([
      '报 "1".bin',
      'application/x-thing',
      [0, 13, 10, 255],
    ]);
  });

  it('use no proxy of the environment', async () => {
    const proxy = await serve((_request, response) => response.end('proxied'));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) {
      vi.stubEnv(name, name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url);
    }
    const server = await serve((_request, response) => response.end('direct'));
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url);
    expect(result.ok ? Buffer.from(result.body).toString() : '').toBe('direct');
    expect(proxy.connections()).toBe(0);
  });

  it('to IPv6 that is listed arrive', async () => {
    const server = await serve((_request, response) => response.end('six'), { host: '::1' });
    const result = await ask(open([{ host: '[::1]', port: server.port }]), `http://[0:0::1]:${server.port}/`);
    expect(result).toMatchObject({ ok: true, status: 200 });
    expect(audits).toMatchObject([{ address: '::1', reason: `[::1]:${server.port} is listed` }]);
  });

  const openssl = hasOpenssl();
  it.skipIf(!openssl)(
    `go to certificates that are not trusted only when told so${openssl ? '' : ' (openssl is not installed)'}`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'riskflow-outgoing-'));
      closing.push(() => rmSync(folder, { recursive: true }));
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=secure.test'], {
        stdio: 'ignore',
      });
      const pem = { key: readFileSync(key), cert: readFileSync(cert) };
      let named: unknown;
      const server = await serve((_request, response) => response.end('safe'), {
        serverOf: (listener) =>
          createTlsServer(pem, listener).on('secureConnection', (socket) => {
            named = socket.servername;
          }),
      });
      names.answer('secure.test', ['127.0.0.1']);
      const client = open([{ host: 'secure.test', port: server.port }]);
      const url = `https://secure.test:${server.port}/`;
      const refused = await ask(client, url);
      expect(refused).toMatchObject({
        ok: false,
        type: 'connection',
        message: expect.stringContaining('self-signed certificate') as string,
      });
      expect(server.requests).toEqual([]);
      expect(await ask(client, url, { verifyTls: false })).toMatchObject({ ok: true, status: 200 });
      expect(named).toBe('secure.test');
      // What was opened without looking is not used by who wants to look.
      expect(await ask(client, url)).toMatchObject({ ok: false, type: 'connection' });
      expect(server.requests).toHaveLength(1);
    },
  );

  it('get headers whose names are in lower case', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end();
    });
    const result = await ask(open([{ host: '127.0.0.1', port: server.port }]), server.url);
    expect(result.ok ? valueOf(result.headers, 'content-type') : '').toBe('text/plain');
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
