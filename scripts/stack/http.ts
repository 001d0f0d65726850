const LIMIT_MS = 3_000;

/** Gets a text from a server that is being waited for. Throws an Error that names the address when the answer is not a success. */
export async function getText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  return text;
}
