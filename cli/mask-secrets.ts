import { textMasker } from '../schemas/core.ts';
import { oneLine } from './output/visible-text.ts';

/**
 * Masks what must not be shown: the values in the environment of RISKFLOW_SECRET_* and of whatever ends in API_KEY, also as they
 * stand in a message that was brought into one line.
 */
export function maskSecrets(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (name.endsWith('API_KEY') || name.startsWith('RISKFLOW_SECRET_')) ? [value, oneLine(value)] : [],
  );
  return textMasker(secrets)(text);
}
