import { isIPv6, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { buildConnector } from 'undici';
import { addressProblem, canonicalAddress, literalAddress } from './address-rule.ts';
import { DialTimeout, type Dial } from './dial.ts';
import { Refusal } from './refusal.ts';
import { placeName, type UrlPolicy } from './url-rule.ts';

/** All addresses of a name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export type ConnectorOptions = {
  readonly policy: UrlPolicy;
  readonly resolve: Resolve;
  readonly dial: Dial;
  readonly verifyTls: boolean;
  /** Milliseconds for looking up and connecting. */
  readonly timeoutMs: number;
  /** Told where a connection went: the place as `host:port`, and the address. */
  readonly onConnected: (place: string, address: string) => void;
};

/**
 * Connects for undici: looks the name up once, refuses when any of its answers is not public (unless the place is listed), connects only to
 * the addresses that were checked, and looks where the socket really went.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const begin = callbackify(open);
  return (target, done) => {
    const where = { hostname: target.hostname, port: portOf(target), isTls: target.protocol === 'https:' };
    begin(options, where, (error: Error | null, socket) => {
      if (error === null) done(null, socket);
      else done(error, null);
    });
  };
}

const portOf = ({ port, protocol }: buildConnector.Options): number => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));

type Target = { readonly hostname: string; readonly port: number; readonly isTls: boolean };

async function open(options: ConnectorOptions, { hostname, port, isTls }: Target): Promise<Socket> {
  const { policy, resolve, dial, verifyTls, timeoutMs, onConnected } = options;
  const until = performance.now() + timeoutMs;
  const literal = literalAddress(hostname);
  const host = literal ?? hostname;
  // undici leaves the brackets out, which places have as URLs do.
  const place = placeName({ host: isIPv6(host) ? `[${host}]` : host, port });
  const listed = policy.listed.has(place);
  const addresses = literal === undefined ? await within(resolve(host), timeoutMs) : [literal];
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  for (const address of listed ? [] : addresses) refuseUnlessPublic({ host, place }, address);
  const tls = isTls ? { verify: verifyTls } : null;
  const socket = await dial({ host, addresses, port, tls, timeoutMs: Math.max(1, Math.ceil(until - performance.now())) });
  const reached = canonicalAddress(socket.remoteAddress ?? '');
  if (!addresses.map(canonicalAddress).includes(reached)) {
    socket.destroy();
    throw new Refusal(`the connection went to ${reached === '' ? 'nowhere' : reached}, which is none of the addresses that were checked`, {
      address: reached,
      listable: null,
    });
  }
  onConnected(place, reached);
  return socket;
}

function refuseUnlessPublic({ host, place }: { readonly host: string; readonly place: string }, address: string): void {
  const problem = addressProblem(address);
  if (problem !== undefined) throw new Refusal(`${host} leads to ${address}, ${problem}`, { address, listable: place });
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DialTimeout(ms)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
