import type { SecretRef } from '../../schemas/core.ts';

// Two code points that Unicode reserves for internal use: no text of a report, prompt or reply may contain them.
const OPEN = '\ufdd0';
const CLOSE = '\ufdd1';
const MARKS = /[\ufdd0\ufdd1]/;
const ALL_MARKS = /[\ufdd0\ufdd1]/g;
const PLACEHOLDER = /\ufdd0([^\ufdd0\ufdd1]*)\ufdd0([^\ufdd0\ufdd1]*)\ufdd1/g;

/** What stands for a secret in a rendered text until the executor of the effect fills it in. */
export const secretPlaceholder = (ref: SecretRef): string =>
  `${OPEN}${withoutSecretMarks(ref.secret)}${OPEN}${withoutSecretMarks(ref.version)}${CLOSE}`;

/** The text with U+FFFD for every character a placeholder is made of: text from outside must not be able to forge one. */
export const withoutSecretMarks = (text: string): string => (MARKS.test(text) ? text.replace(ALL_MARKS, '\ufffd') : text);

/** Whether a rendered text has secrets to fill in. */
export const hasSecrets = (text: string): boolean => MARKS.test(text);

/** The secrets a rendered text names, each once, in their order. */
export function secretsIn(text: string): readonly SecretRef[] {
  if (!MARKS.test(text)) return [];
  const found = new Map<string, SecretRef>();
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (!found.has(match[0])) found.set(match[0], { secret: match[1] ?? '', version: match[2] ?? '' });
  }
  return [...found.values()];
}

/** The text with every placeholder replaced by what `reveal` gives for it. Only for the executor of an effect. */
export function fillSecrets(text: string, reveal: (ref: SecretRef) => string): string {
  if (!MARKS.test(text)) return text;
  return text.replace(PLACEHOLDER, (_all, secret: string, version: string) => reveal({ secret, version }));
}
