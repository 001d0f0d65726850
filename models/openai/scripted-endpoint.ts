import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the endpoint saw of a call. */
export type SeenCall = {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
  readonly at: number;
};

/** Answers one call; `n` counts the calls from 1. */
export type Script = (response: http.ServerResponse, call: SeenCall, n: number) => void;

export type ScriptedEndpoint = {
  readonly baseUrl: string;
  readonly calls: readonly SeenCall[];
  /** Connections ever opened. */
  connections(): number;
  close(): Promise<void>;
};

/** For tests: an HTTP server on the loopback interface whose answers a script decides. */
export async function openScriptedEndpoint(script: Script): Promise<ScriptedEndpoint> {
  const calls: SeenCall[] = [];
  let connections = 0;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const call: SeenCall = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
        at: performance.now(),
      };
      calls.push(call);
      script(response, call, calls.length);
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The JSON of an ordinary completion. */
export const completion = (content: unknown, rest: object = {}): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    ...rest,
  });

export function answer(response: http.ServerResponse, status: number, body: string, headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
