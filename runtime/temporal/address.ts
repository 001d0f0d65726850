import type { TemporalKey } from './codec-keys.ts';

/** Which Temporal server, and where on it. */
export type TemporalPlace = {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Shown in Temporal as who did it; by default process id and host. */
  readonly identity?: string;
  /** PEM texts. Default: no TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  /** Sent as a bearer token, over TLS only. */
  readonly apiKey?: string;
  /** Of what Temporal keeps: the first encrypts, all decrypt. Default: nothing is encrypted. */
  readonly keys?: readonly TemporalKey[];
};

/** As the SDK wants it: options of a connection, of the client as of the worker. With an API key there is TLS whatever else is set. */
export function tlsOptions({ tls, apiKey }: Pick<TemporalPlace, 'tls' | 'apiKey'>): SecureOptions {
  if (tls === undefined && apiKey === undefined) return {};
  const { ca, cert, key, serverName } = tls ?? {};
  return {
    tls: {
      ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
      ...(ca === undefined ? {} : { serverRootCACertificate: Buffer.from(ca) }),
      ...(cert === undefined || key === undefined ? {} : { clientCertPair: { crt: Buffer.from(cert), key: Buffer.from(key) } }),
    },
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}

type SecureOptions = {
  readonly tls?: {
    readonly serverNameOverride?: string;
    readonly serverRootCACertificate?: Buffer;
    readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
  };
  readonly apiKey?: string;
};
