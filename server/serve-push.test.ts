import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Inlet } from '../runtime/index.ts';
import { servePush } from './serve-push.ts';

const counting = (): Inlet & { readonly taken: () => number } => {
  let count = 0;
  return {
    taken: () => count,
    push: (_, records) => {
      count += records.length;
      return Promise.resolve(records.map(() => ({ status: 'accepted', recordId: 'n' })));
    },
  };
};
const here = { host: '127.0.0.1', port: 0 };

describe('servePush', () => {
  it('takes records over the wire, and none that are too large', async () => {
    const inlet = counting();
    const server = await servePush(inlet, here);
    const post = (body: string) =>
      fetch(`${server.url}/sources/s/records`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    try {
      const answer = await post('{"text": "hi"}');
      expect([answer.status, await answer.json()]).toEqual([202, { results: [{ status: 'accepted', recordId: 'n' }] }]);
      const large = await post(JSON.stringify({ text: 'x'.repeat(9 * 1024 * 1024) })).then(
        ({ status }) => status,
        // It may have stopped reading before all was sent.
        () => 413,
      );
      expect(large).toBe(413);
      expect(inlet.taken()).toBe(1);
    } finally {
      await server.close();
    }
    await expect(post('{}')).rejects.toThrow('fetch failed');
  });

  it('says when its place is taken, and how to name another', async () => {
    const first = await servePush(counting(), here);
    const port = Number(new URL(first.url).port);
    await expect(servePush(counting(), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining(`records cannot be taken at 127.0.0.1:${port}: `) as string,
      hint: 'give another place: --listen HOST:PORT',
    });
    await first.close();
  });

  it('closes although a client never ends its request', { timeout: 15_000 }, async () => {
    const server = await servePush(counting(), here);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write('POST /sources/s/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    // It has the request when it has answered another one.
    await fetch(server.url, { headers: { Connection: 'close' } });
    await server.close();
    expect(await ended).toBeDefined();
  });
});
