import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

type Entry = { readonly schema: string; readonly schemaType?: string; readonly references?: readonly unknown[] };

/** For tests: a schema registry that holds what it is given. */
export type FakeRegistry = {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  /** Schemas by id, or by `SUBJECT/VERSION` for references. */
  readonly entries: Map<number | string, Entry>;
  /** Answers with this status instead, when set; every request when `Authorization` is not as wanted gets 401. */
  status: number | undefined;
  authorization: string | undefined;
  close(): Promise<void>;
};

/** `tls`: it speaks HTTPS under the name of its certificate; with `ca` only to those who show one of that authority. */
export type FakeRegistryOptions = { readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string } };

export async function openFakeRegistry({ tls }: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const asked: string[] = [];
  const answerRequest = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(request.url ?? '');
    const { status, body } = answer(registry, request);
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(body));
  };
  const secured = tls === undefined ? {} : { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined };
  const server = tls === undefined ? createServer(answerRequest) : createSecureServer(secured, answerRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: FakeRegistry = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    entries: new Map(),
    status: undefined,
    authorization: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
}

function answer(registry: FakeRegistry, request: IncomingMessage): { readonly status: number; readonly body: unknown } {
  if (registry.status !== undefined) return { status: registry.status, body: { error_code: registry.status * 100, message: 'as told' } };
  if (registry.authorization !== undefined && request.headers.authorization !== registry.authorization) {
    return { status: 401, body: { error_code: 401, message: 'Unauthorized' } };
  }
  const [, id, subject, version] = /^\/schemas\/ids\/(\d+)|^\/subjects\/([^/]+)\/versions\/(\d+)/.exec(request.url ?? '') ?? [];
  const entry = registry.entries.get(id === undefined ? `${subject}/${version}` : Number(id));
  return entry === undefined ? { status: 404, body: { error_code: 40403, message: 'Schema not found' } } : { status: 200, body: entry };
}
