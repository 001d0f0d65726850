/** What stands where a secret's value was. */
export const MASK = '***';

/** Within longer texts only secrets of at least so many characters are looked for: shorter ones would blank out ordinary words. */
const SHORTEST_WITHIN = 4;

/**
 * A function that masks secrets in one text. A text that is a secret and nothing else is masked whatever its length; within longer
 * texts, secrets of 4 or more characters are replaced wherever they stand. Each is known as it is, without blanks around it, escaped
 * as in JSON once and twice (quotes, backslashes, line breaks), and as in URLs. A secret changed otherwise is not recognised.
 */
export function textMasker(secrets: readonly string[]): (text: string) => string {
  const values = new Set(secrets.flatMap((secret) => [secret, secret.trim()]).filter((value) => value.trim() !== ''));
  const whole = new Set([...values].flatMap(formsOf));
  // The longest first, so that a secret within another does not leave half of it.
  const within = [...new Set([...values].filter((value) => value.length >= SHORTEST_WITHIN).flatMap(formsOf))].sort(
    (a, b) => b.length - a.length,
  );
  return (text) => (whole.has(text) || whole.has(text.trim()) ? MASK : within.reduce((left, form) => left.replaceAll(form, MASK), text));
}

function formsOf(value: string): readonly string[] {
  const once = inJson(value);
  const url = encodeURIComponent(value.toWellFormed());
  return [value, once, inJson(once), url, url.replaceAll('%20', '+')];
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
