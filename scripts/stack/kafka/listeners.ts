import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { findProgram, run } from '../command.ts';
import { portOf } from '../ports.ts';
import type { Ports } from '../ports.ts';

/** Who may come in by the listeners that ask for a password. */
export const USER = 'riskflow';
const STORE_PASSWORD = 'not-a-secret';
const ITERATIONS = 4096;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const WITH_PASSWORD = ['SASL_PLAINTEXT', 'SASL_SSL'];

/** Kafka's settings for its listeners: open, with a password, with a password over TLS, and the controller's. */
export function listenerSettings(ports: Ports, password: string, state: string): Readonly<Record<string, string>> {
  const at = (purpose: string): string => `127.0.0.1:${portOf(ports, purpose)}`;
  const clients = [`PLAINTEXT://${at('server')}`, `SASL_PLAINTEXT://${at('sasl')}`, `SASL_SSL://${at('tls')}`];
  const names = ['PLAINTEXT', 'SASL_PLAINTEXT', 'SASL_SSL'];
  return {
    listeners: [...clients, `CONTROLLER://${at('controller')}`].join(','),
    'advertised.listeners': clients.join(','),
    'listener.security.protocol.map': [...names.map((name) => `${name}:${name}`), 'CONTROLLER:PLAINTEXT'].join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': MECHANISMS.join(','),
    ...Object.fromEntries(WITH_PASSWORD.flatMap((listener) => jaas(listener.toLowerCase(), password))),
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keyStore(state),
    'ssl.keystore.password': STORE_PASSWORD,
  };
}

function jaas(listener: string, password: string): readonly (readonly [string, string])[] {
  const modules = 'org.apache.kafka.common.security';
  return [
    [`listener.name.${listener}.plain.sasl.jaas.config`, `${modules}.plain.PlainLoginModule required user_${USER}="${password}";`],
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, `${modules}.scram.ScramLoginModule required;`],
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, `${modules}.scram.ScramLoginModule required;`],
  ];
}

/** Arguments of `StorageTool format` that make the user known for SCRAM: salted, so that no log gets to see the password. RFC 5802 */
export function scramArguments(password: string): readonly string[] {
  return ['sha256', 'sha512'].flatMap((digest) => {
    const salt = randomBytes(16);
    const length = createHash(digest).digest().length;
    const salted = pbkdf2Sync(password, salt, ITERATIONS, length, digest).toString('base64');
    const mechanism = `SCRAM-SHA-${digest.slice(3)}`;
    return [
      '--add-scram',
      `${mechanism}=[name=${USER},iterations=${ITERATIONS},salt="${salt.toString('base64')}",saltedpassword="${salted}"]`,
    ];
  });
}

/** Makes the key of the TLS listener and its certificate, which signs itself: `certificateOf` is what clients trust. */
export async function makeCertificate(state: string): Promise<void> {
  const program = (await findProgram('keytool')) ?? 'keytool';
  const store = ['-keystore', keyStore(state), '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const name = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1,dns:localhost'];
  const log = join(state, 'certificate.log');
  await run(
    { program, arguments: ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '3650', ...name, ...store] },
    log,
  );
  await run({ program, arguments: ['-exportcert', '-rfc', '-file', certificateOf(state), ...store] }, log);
}

export const certificateOf = (state: string): string => join(state, 'data', 'ca.pem');
const keyStore = (state: string): string => join(state, 'data', 'broker.p12');
