import { createServer as createWebServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connected, connectionTrouble } from './connect.ts';
import { openTemporalClient } from './open-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Takes every connection and never says a word. */
const silent = (): Server => createServer((socket) => socket.on('error', () => undefined));
const place = (address: string, secure: boolean) => ({ address, namespace: 'default', taskQueue: 'q', ...(secure ? { tls: {} } : {}) });

describe('connectionTrouble', () => {
  it.each([
    ['without TLS', false],
    ['with TLS', true],
  ])('does not wait for a server that never answers, %s', async (_, secure) => {
    const address = await listening(silent());
    const began = performance.now();
    expect(await connectionTrouble(place(address, secure), 200)).toBe('nothing answers there in time');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it.each([
    ['without TLS', false, /something answers there, though not as Temporal without TLS does/],
    ['with TLS', true, /wrong version number|EPROTO|packet length|something answers there with TLS/i],
  ])('knows a server of pages from one of gRPC, %s', async (_, secure, says) => {
    const address = await listening(createWebServer((_request, response) => response.end('hello')));
    expect(await connectionTrouble(place(address, secure), 2_000)).toMatch(says);
  });

  it('names what the network says', async () => {
    const address = await listening(silent());
    servers[0]?.close();
    expect(await connectionTrouble(place(address, false), 2_000)).toMatch(/ECONNREFUSED/);
  });
});

describe('whoever connects', () => {
  it('is told the address and what to look at, and never gets as far as gRPC', async () => {
    const address = await listening(createWebServer((_request, response) => response.end('hello')));
    const refusal = {
      code: 'failed',
      message: `no Temporal server answers at ${address}: something answers there, though not as Temporal without TLS does`,
      hint: expect.stringContaining('riskflow doctor') as string,
    };
    await expect(connected(place(address, false), () => expect.unreachable())).rejects.toMatchObject(refusal);
    await expect(openTemporalClient(place(address, false))).rejects.toMatchObject(refusal);
  });
});
