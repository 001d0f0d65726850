/** What stands where a secret's value was. */
export const MASK = '***';

/** Within longer texts only secrets of at least so many characters are looked for: shorter ones would blank out ordinary words. */
const SHORTEST_WITHIN = 4;

/**
 * Whether a model's key is to be hidden. Endpoints without keys are given words instead (none, EMPTY, ollama), which a model may well
 * answer: hiding those would spoil results.
 */
export const isHiddenKey = (key: string): boolean => key.trim().length >= SHORTEST_KEY;

const SHORTEST_KEY = 8;

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

/** Forms in which well-known services write their keys, and JSON Web Tokens. */
const KEY_FORM =
  /^(?:(?:sk|pk|rk|gsk|ghp|gho|ghs|glpat|xox[abprs]|hf|tmprl)[-_][\w-]{8,}|AKIA[A-Z\d]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w.-]+)$/;

/** Whether a text is a key for certain, so that it is not shown wherever it was put. */
export const looksLikeKey = (text: string): boolean => KEY_FORM.test(text.trim());

/** Whether a text can be the name of a variable, and is not rather a key that was written in its place. */
export const isVariableName = (text: string): boolean =>
  /^[a-z_]\w*$/i.test(text) && !looksLikeKey(text) && !(text.length >= 16 && /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text));
