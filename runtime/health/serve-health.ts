import { createServer, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { messageOf, RiskflowError } from '../../schemas/index.ts';

export type HttpPlace = { readonly host: string; readonly port: number };

/** What is asked of a process that keeps going. */
export type HealthProbes = {
  /** Why it cannot work now, each in a sentence; empty when it can. */
  readonly faults: () => Promise<readonly string[]>;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
};

export type HealthServer = {
  /** `http://host:port`, with the port that it got. */
  readonly url: string;
  close(): Promise<void>;
};

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `GET /health/live`, `/health/ready` (503 with reasons when it cannot work) and `/metrics`.
 * @throws RiskflowError `usage` when the port is occupied or the address is not one of this machine
 */
export async function serveHealth(place: HttpPlace, probes: HealthProbes): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    answer(request.method ?? '', path, { response, probes }).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, 500, { status: 'failed', reason: messageOf(error) });
    });
  });
  server.requestTimeout = 10_000;
  const { port } = await listen(server, place);
  return {
    url: `http://${isIPv6(place.host) ? `[${place.host}]` : place.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Asked = { readonly response: ServerResponse; readonly probes: HealthProbes };

async function answer(method: string, path: string, { response, probes }: Asked): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { status: 'failed', reason: 'only GET is served here' });
  if (path === '/health/live') return send(response, 200, { status: 'live' });
  if (path === '/health/ready') {
    const reasons = await probes.faults();
    return reasons.length === 0 ? send(response, 200, { status: 'ready' }) : send(response, 503, { status: 'unavailable', reasons });
  }
  if (path === '/metrics') {
    const text = await probes.metrics();
    response.writeHead(200, { 'content-type': PROMETHEUS_TEXT }).end(text);
    return;
  }
  send(response, 404, { status: 'failed', reason: 'there are /health/live, /health/ready and /metrics' });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

async function listen(server: Server, { host, port }: HttpPlace): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen({ host, port }, cause)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new RiskflowError('internal', 'the server for health and metrics has no port');
  return address;
}

const hint = 'choose another with --http HOST:PORT (port 0: any that is free), or leave it out with --no-http';

function cannotListen({ host, port }: HttpPlace, cause: Error): RiskflowError {
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    return new RiskflowError('usage', `the port ${port} of ${host}, for health and metrics, is occupied`, { cause, hint });
  }
  return new RiskflowError('usage', `health and metrics cannot be served on ${host}:${port}: ${cause.message}`, {
    cause,
    hint,
  });
}

export type ServeOptions = {
  /** Null: nowhere. Undefined: the usual place, or where there is room when that is occupied. */
  readonly http: HttpPlace | null | undefined;
  readonly usual: HttpPlace;
  readonly onNotice?: ((sentence: string) => void) | undefined;
};

/** Serves where it is told to, or at the usual place. */
export async function serveHealthSomewhere(
  { http, usual, onNotice }: ServeOptions,
  probes: HealthProbes,
): Promise<HealthServer | undefined> {
  if (http === null) return undefined;
  if (http !== undefined) return serveHealth(http, probes);
  try {
    return await serveHealth(usual, probes);
  } catch (error) {
    // Several on one machine must do without being told where.
    const served = await serveHealth({ host: usual.host, port: 0 }, probes).catch(() => undefined);
    if (served === undefined) throw error;
    onNotice?.(`the port ${usual.port} is occupied, perhaps by another such process: --http HOST:PORT chooses one`);
    return served;
  }
}

/** A port of this machine's loopback that is free now. */
export async function freeLoopbackPort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
