import { createServer, type IncomingHttpHeaders, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Json } from '../../schemas/index.ts';

/** A webhook as it arrived. */
export type Arrival = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** When, by the test's own clock: milliseconds. */
  readonly at: number;
};

export type Answer =
  { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } | 'hang' | 'reset' | Unended;
/** A body of which a byte comes every few milliseconds for ever, or that breaks off. */
type Unended = { readonly status: number; readonly unended: 'drips' | 'breaks off' };

/** A receiver on loopback for tests. */
export type Receiver = {
  readonly url: string;
  /** Every request, whatever was answered. */
  readonly arrivals: readonly Arrival[];
  /** Decides what is answered from now on; 204 at first. */
  readonly answer: (choose: (arrival: Arrival, id: string) => Answer) => void;
  readonly close: () => Promise<void>;
};

export async function startReceiver(serverOf: (listener: RequestListener) => Server = createServer): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  let choose: (arrival: Arrival, id: string) => Answer = () => ({ status: 204 });
  const server = serverOf((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const arrival = { path: request.url ?? '', headers: request.headers, text, at: performance.now() };
      arrivals.push(arrival);
      const answer = choose(arrival, idOf(arrival));
      if (answer === 'hang') return;
      if (answer === 'reset') {
        request.socket.resetAndDestroy();
        return;
      }
      if ('unended' in answer) return answerUnended(response, answer);
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    answer: (next) => {
      choose = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerUnended(response: ServerResponse, { status, unended }: Unended): void {
  response.writeHead(status, { 'content-length': '100000' });
  response.write('x');
  if (unended === 'breaks off') {
    setTimeout(() => response.destroy(), 20);
    return;
  }
  const dripping = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(dripping));
}

export const idOf = ({ headers }: Arrival): string => String(headers['webhook-id']);

/** What a signed webhook holds, read by the library of Standard Webhooks. @throws when its signature or its time is wrong */
export function verified(
  secret: string,
  { text, headers }: Arrival,
): { readonly type: string; readonly timestamp: string; readonly data: Json } {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  return new Webhook(secret).verify(text, given) as ReturnType<typeof verified>;
}
