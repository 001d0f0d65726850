import { pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { listenerSettings, scramArguments, USER } from './listeners.ts';

const PASSWORD = 'a-password-of-the-stack';
const ports = { server: 1, controller: 2, sasl: 3, tls: 4 };

test('clients are told three ways in, and servers of other machines none', () => {
  const settings = listenerSettings(ports, PASSWORD, '/state');
  expect(settings['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:1,SASL_PLAINTEXT://127.0.0.1:3,SASL_SSL://127.0.0.1:4');
  expect(settings['listeners']).toBe(`${settings['advertised.listeners']},CONTROLLER://127.0.0.1:2`);
  for (const listener of ['sasl_plaintext', 'sasl_ssl']) {
    expect(settings[`listener.name.${listener}.plain.sasl.jaas.config`]).toContain(`user_${USER}="${PASSWORD}"`);
  }
});

test('SCRAM users are made from salted passwords, so that no log gets to see the password', () => {
  const text = scramArguments(PASSWORD).join(' ');
  expect(text).not.toContain(PASSWORD);
  for (const [mechanism, digest, length] of [
    ['SCRAM-SHA-256', 'sha256', 32],
    ['SCRAM-SHA-512', 'sha512', 64],
  ] as const) {
    const form = new RegExp(`--add-scram ${mechanism}=\\[name=${USER},iterations=(\\d+),salt="([^"]+)",saltedpassword="([^"]+)"\\]`);
    const [, iterations = '', salt = '', salted] = form.exec(text) ?? [];
    expect(pbkdf2Sync(PASSWORD, Buffer.from(salt, 'base64'), Number(iterations), length, digest).toString('base64')).toBe(salted);
  }
});
