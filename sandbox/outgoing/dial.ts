import { connect as connectTcp, isIP, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type DialTarget = {
  /** Without brackets. */
  readonly host: string;
  /** Checked; others are not connected to, whatever the name has by now. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly tls: { readonly verify: boolean } | null;
  readonly timeoutMs: number;
};

/** Connects to one of the addresses. Rejects when none answers. */
export type Dial = (target: DialTarget) => Promise<Socket>;

/** Tries the addresses one beside the other (RFC 8305). What Node looks up is the list itself; a host that is an address is not looked up. */
export const dial: Dial = ({ host, addresses, port, tls, timeoutMs }) =>
  new Promise((resolve, reject) => {
    const list = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const lookup: LookupFunction = (_name, { all }, done) => {
      const [first] = list;
      if (all === true) done(null, list);
      else done(null, first?.address ?? '', first?.family ?? 4);
    };
    const place = { host, port, lookup, autoSelectFamily: true };
    const socket =
      tls === null
        ? connectTcp(place)
        : connectTls({
            ...place,
            ...(isIP(host) === 0 ? { servername: host } : {}),
            rejectUnauthorized: tls.verify,
            ALPNProtocols: ['http/1.1'],
          });
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(new DialTimeout(timeoutMs)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', fail);
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });

/** Nobody answered in time. */
export class DialTimeout extends Error {
  constructor(ms: number) {
    super(`no connection within ${ms} ms`);
    this.name = 'DialTimeout';
  }
}
