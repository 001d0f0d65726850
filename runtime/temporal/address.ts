import { messageOf, RiskflowError } from '../../schemas/index.ts';

/** Which Temporal server, and where on it. */
export type TemporalPlace = {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Shown in Temporal as who did it; by default process id and host. */
  readonly identity?: string;
  /** PEM texts. Default: no TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
};

/** As the SDK wants it. */
export function tlsOptions({ tls }: Pick<TemporalPlace, 'tls'>): { readonly tls?: TlsOptions } {
  if (tls === undefined) return {};
  const { ca, cert, key } = tls;
  return {
    tls: {
      ...(ca === undefined ? {} : { serverRootCACertificate: Buffer.from(ca) }),
      ...(cert === undefined || key === undefined ? {} : { clientCertPair: { crt: Buffer.from(cert), key: Buffer.from(key) } }),
    },
  };
}

type TlsOptions = {
  readonly serverRootCACertificate?: Buffer;
  readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
};

/** Connects, or says in one sentence that there is nobody. */
export async function connected<T>(address: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (cause) {
    throw new RiskflowError('failed', `no Temporal server answers at ${address}: ${messageOf(cause)}`, {
      cause,
      hint: 'check the address, or start a server with `npm run stack -- up`',
    });
  }
}
