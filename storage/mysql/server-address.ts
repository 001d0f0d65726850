import { connect } from 'node:net';
import type { ConnectionOptions } from 'mysql2';

/** Certificates and a key in PEM form. */
export type MysqlTls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate has, where the address has another. */
  readonly serverName?: string;
};

const DEFAULT_PORT = 3306;

/** What mysql2 needs to reach a server; with `tls` the connection is encrypted, and the server's certificate and name are checked. */
export function mysqlAddress({ url, tls }: { readonly url: string; readonly tls: MysqlTls | undefined }): ConnectionOptions {
  if (tls === undefined) return { uri: url };
  const { serverName, ...texts } = tls;
  const ssl = { ...texts, rejectUnauthorized: true, verifyIdentity: true };
  if (serverName === undefined) return { uri: url, ssl };
  const { hostname, port } = new URL(url);
  const place = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) };
  // mysql2 has no setting for the name: it checks the certificate against the host, so the name stands there, and the way there is our own.
  return { uri: url, ssl, host: serverName, stream: () => connect({ ...place, noDelay: true, keepAlive: true }) };
}
