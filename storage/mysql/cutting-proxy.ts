import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** When a connection through the proxy is cut, seen from one packet of the client. */
export type Cut =
  | 'not'
  /** The server never sees the packet. */
  | 'before'
  /** The server does what it says, and the client never hears of it. */
  | 'after';

export type CuttingProxy = {
  /** The address of the server with the proxy in between. */
  readonly url: string;
  /** How often it has cut. */
  readonly cuts: () => { readonly before: number; readonly after: number };
  readonly close: () => Promise<void>;
};

/** A TCP proxy for tests that asks `decide` about every packet from the client. */
export async function cuttingProxy(target: string, decide: (packet: Buffer) => Cut): Promise<CuttingProxy> {
  const server = new URL(target);
  const counts = { before: 0, after: 0 };
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const proxy = createServer((client) => {
    keep(client);
    const upstream = keep(createConnection({ host: server.hostname, port: Number(server.port || 3306) }));
    let isCut = false;
    client.on('data', (packet: Buffer) => {
      if (isCut) return;
      const cut = decide(packet);
      if (cut !== 'before') upstream.write(packet);
      if (cut === 'not') return;
      counts[cut]++;
      isCut = true;
      client.destroy();
      // What was sent arrives; an end in order would let the server finish first.
      if (cut === 'before') upstream.destroy();
      else upstream.end();
    });
    upstream.on('data', (packet: Buffer) => {
      if (!isCut) client.write(packet);
    });
    client.on('close', () => (isCut ? undefined : upstream.end()));
    upstream.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  return {
    url: url.href,
    cuts: () => counts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
