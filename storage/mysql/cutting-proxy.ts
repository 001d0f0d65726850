import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** When a connection through the proxy is cut, seen from one packet of the client. */
export type Cut =
  | 'not'
  /** The server never sees the packet. */
  | 'before'
  /** The server does what it says, and the client never hears of it. */
  | 'after'
  /** As `before` and `after`, but nobody is told: both ends stay open, even when the other one ends, and nothing passes any more. */
  | 'silent before'
  | 'silent after';

export type CuttingProxy = {
  /** The address of the server with the proxy in between. */
  readonly url: string;
  /** How often it has cut. */
  readonly cuts: () => Readonly<Record<Exclude<Cut, 'not'>, number>>;
  /** Makes all connections of this moment silent. */
  readonly hush: () => void;
  /** How many connections of clients are open. */
  readonly clients: () => number;
  readonly close: () => Promise<void>;
};

/** A TCP proxy for tests that asks `decide` about every packet from the client. */
export async function cuttingProxy(target: string, decide: (packet: Buffer) => Cut): Promise<CuttingProxy> {
  const server = new URL(target);
  const counts = { before: 0, after: 0, 'silent before': 0, 'silent after': 0 };
  const sockets = new Set<Socket>();
  const hushes = new Set<() => void>();
  let clients = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const proxy = createServer((client) => {
    clients++;
    keep(client).on('close', () => clients--);
    const upstream = keep(createConnection({ host: server.hostname, port: Number(server.port || 3306) }));
    let isCut = false;
    hushes.add(() => (isCut = true));
    client.on('data', (packet: Buffer) => {
      if (isCut) return;
      const cut = decide(packet);
      if (cut !== 'before' && cut !== 'silent before') upstream.write(packet);
      if (cut === 'not') return;
      counts[cut]++;
      isCut = true;
      if (cut === 'silent before' || cut === 'silent after') return;
      client.destroy();
      // What was sent arrives; an end in order would let the server finish first.
      if (cut === 'before') upstream.destroy();
      else upstream.end();
    });
    upstream.on('data', (packet: Buffer) => {
      if (!isCut) client.write(packet);
    });
    client.on('close', () => (isCut ? undefined : upstream.end()));
    upstream.on('close', () => (isCut ? undefined : client.destroy()));
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
    hush: () => {
      for (const hush of hushes) hush();
    },
    clients: () => clients,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
