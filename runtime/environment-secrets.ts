import type { SecretStore } from '../schemas/index.ts';

const PREFIX = 'RISKFLOW_SECRET_';

/**
 * Secrets of flows from the process's environment: RISKFLOW_SECRET_NAME is the secret NAME. Their version is `environment`: a
 * changed value takes effect with the next process. `hidden` are other values that must never show up anywhere (API keys).
 */
export function environmentSecrets(environment: Readonly<Record<string, string | undefined>>, hidden: readonly string[]): SecretStore {
  const value = (name: string): string | undefined => {
    const found = environment[PREFIX + name];
    return found === undefined || found === '' ? undefined : found;
  };
  const all = Object.entries(environment).flatMap(([name, text]) => (name.startsWith(PREFIX) && text !== undefined ? [text] : []));
  const values = [...new Set([...all, ...hidden])].filter((text) => text.trim() !== '');
  return {
    version: (_, name) => (value(name) === undefined ? undefined : 'environment'),
    reveal: (_, ref) => value(ref.secret),
    values: () => values,
  };
}
