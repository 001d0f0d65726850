import { createServer, type IncomingHttpHeaders, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
};
export type TestServer = {
  readonly port: number;
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Connections that were made, whether or not anything was asked. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
};

/** A server on loopback that notes everything that reaches it. */
export async function startTestServer(
  answer: (request: SeenRequest, response: ServerResponse) => void,
  {
    serverOf = createServer,
    host = '127.0.0.1',
  }: { readonly serverOf?: (listener: RequestListener) => Server; readonly host?: string } = {},
): Promise<TestServer> {
  const requests: SeenRequest[] = [];
  let connections = 0;
  const server = serverOf((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = incoming;
      const seen = { method, path: url, headers, rawHeaders, body: Buffer.concat(parts) };
      requests.push(seen);
      answer(seen, response);
    });
  });
  server.on('connection', (_socket: Socket) => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
