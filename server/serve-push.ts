import { createAdaptorServer } from '@hono/node-server';
import type { Inlet } from '../runtime/index.ts';
import { messageOf, RiskflowError } from '../schemas/index.ts';
import { createPushApp } from './push-app.ts';

export type PushServer = {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
};

const LAST_REQUESTS_MS = 2_000;

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Serves the inlet of pushed records. Port 0: any that is free. @throws RiskflowError `failed` when the place is taken */
export async function servePush(inlet: Inlet, { host, port }: { readonly host: string; readonly port: number }): Promise<PushServer> {
  const server = createAdaptorServer({ fetch: createPushApp(inlet, { isLoopback: isLoopback(host) }).fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new RiskflowError('failed', `records cannot be taken at ${host}:${port}: ${messageOf(cause)}`, {
          cause,
          hint: 'give another place: --listen HOST:PORT',
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: () =>
      new Promise((resolve) => {
        // A client that never ends its request must not hold up the end of the process.
        const late = setTimeout(() => ('closeAllConnections' in server ? server.closeAllConnections() : undefined), LAST_REQUESTS_MS);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      }),
  };
}
