import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Node cannot make certificates itself. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export type Certificates = {
  /** Paths of PEM files. */
  readonly files: Readonly<Record<'ca' | 'serverCert' | 'serverKey' | 'clientCert' | 'clientKey' | 'otherCa', string>>;
  readonly text: (name: keyof Certificates['files']) => string;
};

/** An authority, a server of the given name and a client that it signed, and another authority that signed nobody. */
export function makeCertificates(folder: string, serverName: string): Certificates {
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string): void =>
    openssl('req', '-x509', ...newKey, '-keyout', path(`${name}.key`), '-out', path(`${name}.pem`), '-days', '2', '-subj', `/CN=${name}`);
  const signed = (name: string, extension: string): void => {
    writeFileSync(path(`${name}.ext`), `${extension}\n`);
    openssl('req', ...newKey, '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`), '-subj', `/CN=${name}`);
    const by = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path(`${name}.ext`)];
    openssl('x509', '-req', '-in', path(`${name}.csr`), ...by, '-out', path(`${name}.pem`), '-days', '2');
  };
  authority('ca');
  authority('other');
  signed('server', `subjectAltName=DNS:${serverName}`);
  signed('client', 'extendedKeyUsage=clientAuth');
  const files = {
    ca: path('ca.pem'),
    otherCa: path('other.pem'),
    serverCert: path('server.pem'),
    serverKey: path('server.key'),
    clientCert: path('client.pem'),
    clientKey: path('client.key'),
  };
  return { files, text: (name) => readFileSync(files[name], 'utf8') };
}
