import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../../../schemas/index.ts';
import type { TemporalPlace } from '../../temporal/address.ts';

/** A server that refuses a client's certificate says so after the handshake (TLS 1.3), if it does. */
const REFUSAL_MS = 300;
const SILENCE = 'nothing answers there in time';

/**
 * Why no connection can be made; undefined where one can. It is asked before gRPC is, which says nothing of what the network and TLS have to
 * say, and leaves a socket behind that keeps the process from ending when a handshake is never answered.
 */
export function connectionTrouble(place: TemporalPlace, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const isSecure = place.tls !== undefined || place.apiKey !== undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = (trouble: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(trouble);
    };
    const made = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end(undefined), isSecure ? REFUSAL_MS : 0);
    };
    const socket = isSecure ? connectSecurely(place, made) : connect(target(place), made);
    timer = setTimeout(() => end(SILENCE), timeoutMs);
    // A name that has several addresses fails with an error for each, and no message of its own.
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.message === '' ? (error.code ?? String(error)) : error.message));
  });
}

function target({ address }: TemporalPlace): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

function connectSecurely(place: TemporalPlace, made: () => void): Socket {
  const { serverName, ...texts } = place.tls ?? {};
  const servername = serverName === undefined ? {} : { servername: serverName };
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
