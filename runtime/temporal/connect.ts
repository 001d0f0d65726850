import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf, RiskflowError } from '../../schemas/index.ts';
import type { TemporalPlace } from './address.ts';

/** How long a server may take to answer a connection, and then its first question. */
export const CONNECT_MS = 5_000;

const SILENCE = 'nothing answers there in time';

/** Connects, or says in one sentence that there is nobody. Whoever never answers is left after some seconds. */
export async function connected<T>(place: TemporalPlace, connectNow: () => Promise<T>): Promise<T> {
  const trouble = await connectionTrouble(place, CONNECT_MS);
  if (trouble !== undefined) throw nobody(place, trouble);
  try {
    return await connectNow();
  } catch (cause) {
    const told = toldByServer(cause, place);
    const said = messageOf(cause);
    throw nobody(place, told === said ? told : `${told} (${said})`, cause);
  }
}

const nobody = ({ address }: TemporalPlace, told: string, cause?: unknown): RiskflowError =>
  new RiskflowError('failed', `no Temporal server answers at ${address}: ${told}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'check the address, or start a server with `npm run stack -- up`; riskflow doctor looks closer',
  });

/**
 * Why no connection can be made; undefined where one can, and the other end speaks HTTP/2. It is asked before gRPC is, which says nothing
 * of what the network and TLS have to say, and leaves a socket behind that keeps the process from ending when a handshake is never answered.
 */
export function connectionTrouble(place: TemporalPlace, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const isSecure = place.tls !== undefined || place.apiKey !== undefined;
    let session: ClientHttp2Session | undefined;
    const end = (trouble: string | undefined): void => {
      clearTimeout(timer);
      session?.destroy();
      socket.destroy();
      resolve(trouble);
    };
    // A name that has several addresses fails with an error for each, and no message of its own.
    const fail = (error: NodeJS.ErrnoException): void => {
      if (error.code?.startsWith('ERR_HTTP2') === true) end(toldByServer(undefined, place));
      else end(error.message === '' ? (error.code ?? String(error)) : error.message);
    };
    const made = (): void => {
      session = connectHttp2(`http${isSecure ? 's' : ''}://${place.address}`, { createConnection: () => socket });
      // The first thing that a server of gRPC says; one that refuses a client's certificate refuses it before.
      session.once('remoteSettings', () => end(undefined));
      session.once('error', fail);
      session.once('close', () => end(toldByServer(undefined, place)));
    };
    const socket = isSecure ? connectSecurely(place, made) : connect(target(place), made);
    const timer = setTimeout(() => end(SILENCE), timeoutMs);
    socket.on('error', fail);
  });
}

function target({ address }: TemporalPlace): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

function connectSecurely(place: TemporalPlace, made: () => void): Socket {
  const { serverName, ...texts } = place.tls ?? {};
  const servername = serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName };
  return connectTls({ ...target(place), ...texts, ALPNProtocols: ['h2'], ...servername }, made);
}

/** What gRPC was told, which comes last in the chain of causes. */
export function toldByServer(error: unknown, { tls, apiKey }: TemporalPlace): string {
  const told = innermost(error);
  if (told instanceof Error && 'code' in told && typeof told.code === 'number') return messageOf(told);
  if (tls !== undefined || apiKey !== undefined) return 'something answers there with TLS, though not as Temporal does in this time';
  return 'something answers there, though not as Temporal without TLS does';
}

const innermost = (error: unknown): unknown => (error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error);
