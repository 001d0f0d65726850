import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StackFailure } from './failure.ts';

/** Port numbers by purpose, e.g. `{ server: 20411, ui: 20412 }`. */
export type Ports = Readonly<Record<string, number>>;

// Below Linux's ephemeral range (32768 and up): an outgoing connection of some other program can then not take a
// port between our look at it and the start of the server.
const LOWEST = 20_000;
const BEYOND = 32_000;
const TRIES_PER_PORT = 200;

/** The port of a purpose. Throws when the server never asked for one: a mistake in its file. */
export function portOf(ports: Ports, purpose: string): number {
  const port = ports[purpose];
  if (port === undefined) throw new Error(`no port was picked for "${purpose}"`);
  return port;
}

/** Whether a server could listen on 127.0.0.1:port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Picks a different free port for each purpose, the one it had before where that is still free: addresses that
 * somebody exported stay true over a restart. Throws StackFailure when none can be found.
 */
export async function pickPorts(
  purposes: readonly string[],
  before: Ports = {},
  free: (port: number) => Promise<boolean> = isFree,
  candidate: () => number = () => randomInt(LOWEST, BEYOND),
): Promise<Ports> {
  const picked: Record<string, number> = {};
  for (const purpose of purposes) {
    const old = before[purpose];
    const usable = old !== undefined && !Object.values(picked).includes(old) && (await free(old));
    picked[purpose] = usable ? old : await pickOne(Object.values(picked), free, candidate);
  }
  return picked;
}

async function pickOne(taken: readonly number[], free: (port: number) => Promise<boolean>, candidate: () => number): Promise<number> {
  for (let tries = 0; tries < TRIES_PER_PORT; tries += 1) {
    const port = candidate();
    if (!taken.includes(port) && (await free(port))) return port;
  }
  throw new StackFailure(`no free port on 127.0.0.1 between ${LOWEST} and ${BEYOND - 1} after ${TRIES_PER_PORT} tries`);
}

/**
 * Like `pickPorts`, with some ports settled in advance; `settingOf` names the setting that did it. Throws StackFailure when one of them is taken:
 * a person who fixed a port wants that one.
 */
export async function choosePorts(
  purposes: readonly string[],
  {
    fixed,
    before,
    settingOf,
  }: { readonly fixed: Ports; readonly before: Ports | undefined; readonly settingOf: (purpose: string) => string },
): Promise<Ports> {
  for (const [purpose, port] of Object.entries(fixed)) {
    if (!(await isFree(port))) throw new StackFailure(`port ${port} is taken on 127.0.0.1: free it, or change ${settingOf(purpose)}`);
  }
  const taken = Object.values(fixed);
  const open = purposes.filter((purpose) => fixed[purpose] === undefined);
  return { ...(await pickPorts(open, before, async (port) => !taken.includes(port) && (await isFree(port)))), ...fixed };
}
