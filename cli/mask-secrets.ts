import { secretValues } from '../runtime/core.ts';
import { textMasker } from '../schemas/core.ts';
import { oneLine } from './output/visible-text.ts';

type Surroundings = { readonly env: Readonly<Record<string, string | undefined>>; readonly folder: string };

/**
 * Masks what must not be shown: secrets, keys and passwords of the environment, and those that the configuration file of the folder
 * names, also as they stand in a message that was brought into one line.
 */
export function maskSecrets(text: string, { env, folder }: Surroundings): string {
  return textMasker(secretValues(env, folder).flatMap((value) => [value, oneLine(value)]))(text);
}
