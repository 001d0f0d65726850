const HEARTBEAT_MS = 30_000;

/** Writes one line about a server to standard error; standard output is kept for what a shell can export. */
export function say(server: string, text: string): void {
  process.stderr.write(`[${server}] ${text}\n`);
}

/**
 * Does one step of work and says how many seconds it took. A long step says every half minute that it is still
 * going, because building a server is silent for minutes and looks like a hang. Errors of the work pass through.
 */
export async function step<T>(server: string, what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const seconds = (): string => ((performance.now() - start) / 1000).toFixed(1);
  say(server, `${what} …`);
  const heartbeat = setInterval(() => say(server, `${what}: still going after ${seconds()} s`), HEARTBEAT_MS);
  try {
    const result = await work();
    say(server, `${what}: done in ${seconds()} s`);
    return result;
  } catch (error) {
    say(server, `${what}: failed after ${seconds()} s`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
