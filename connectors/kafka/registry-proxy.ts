import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** For tests: a way to the registry that can be closed, or answers as it is told. */
export type RegistryProxy = {
  readonly url: string;
  /** How often something was asked. */
  readonly asked: () => number;
  /** `pass`: as if it were not there; a number: that status; `cut`: the connection ends without an answer. */
  behave(how: 'pass' | 'cut' | number): void;
  /** Nobody listens any more; `open` listens again on the same port. */
  close(): Promise<void>;
  open(): Promise<void>;
};

export async function openRegistryProxy(target: string): Promise<RegistryProxy> {
  let [how, asked, port]: ['pass' | 'cut' | number, number, number] = ['pass', 0, 0];
  const server = createServer((incoming, outgoing) => {
    asked++;
    if (how === 'cut') return void incoming.socket.destroy();
    if (typeof how === 'number')
      return void outgoing.writeHead(how, { 'content-type': 'application/json' }).end('{"error_code":50001,"message":"no"}');
    const onward = request(new URL(incoming.url ?? '/', target), {
      method: incoming.method,
      headers: { ...incoming.headers, host: new URL(target).host },
    });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const open = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await open();
  ({ port } = server.address() as AddressInfo);
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    behave: (next) => void (how = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    open,
  };
}
