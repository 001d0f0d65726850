import { randomBytes } from 'node:crypto';

/** Generated passwords by purpose. */
export type Secrets = Readonly<Record<string, string>>;

const BYTES = 18;

/** 24 characters that need no escaping, neither in a URL nor in SQL, a shell or an .env file. */
export function newPassword(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** A password for each purpose: the one it had before, or a new one. */
export function keepSecrets(purposes: readonly string[], before: Secrets = {}): Secrets {
  return Object.fromEntries(purposes.map((purpose) => [purpose, before[purpose] ?? newPassword()]));
}
