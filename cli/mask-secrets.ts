const SHORTEST = 6;

/** Replaces what must not be shown by asterisks: the values of OPENAI_API_KEY and of RISKFLOW_SECRET_* in the environment. */
export function maskSecrets(text: string, env: Readonly<Record<string, string | undefined>>): string {
  let masked = text;
  for (const secret of secretsOf(env)) masked = masked.replaceAll(secret, '***');
  return masked;
}

/** The longest first, so that a secret within another does not leave half of it. Shorter texts would blank out ordinary words. */
function secretsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (name === 'OPENAI_API_KEY' || name.startsWith('RISKFLOW_SECRET_')) ? [value, value.trim()] : [],
  );
  return [...new Set(values)].filter((value) => value.length >= SHORTEST).sort((a, b) => b.length - a.length);
}
