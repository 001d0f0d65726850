import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const END_BYTES = 16_384;
const POLL_MS = 250;

/** One line of a server's log. `write` gets it without its line end. */
export type WriteLine = (server: string, line: string) => void;

/** Where the whole lines that were not yet shown begin. */
interface Reading {
  readonly from: number;
  /** Whether the first line may be the rest of one, because reading began in its middle. */
  readonly midLine: boolean;
}

/**
 * Writes the last lines of a log (about 16 KB). With `follow` it goes on writing what is added until the signal is aborted; a log that
 * becomes shorter was begun anew and is read from its start. A log that does not exist (yet) is an empty one.
 *
 * @returns whether there was anything
 */
export async function showLog(
  { server, path }: { readonly server: string; readonly path: string },
  follow: AbortSignal | undefined,
  write: WriteLine,
): Promise<boolean> {
  const size = (await sizeOf(path)) ?? 0;
  const from = Math.max(0, size - END_BYTES);
  let reading = await showLines(path, { from, midLine: from > 0 }, (line) => write(server, line));
  while (follow !== undefined && !follow.aborted) {
    await delay(POLL_MS, undefined, { signal: follow }).catch(() => {});
    const now = (await sizeOf(path)) ?? 0;
    if (now < reading.from) reading = { from: 0, midLine: false };
    reading = await showLines(path, reading, (line) => write(server, line));
  }
  return reading.from > 0;
}

async function sizeOf(path: string): Promise<number | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Shows what lies from `reading` to the last line end; without following, a last line without an end waits for the next look. */
async function showLines(path: string, { from, midLine }: Reading, show: (line: string) => void): Promise<Reading> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return { from, midLine };
  try {
    const { size } = await file.stat();
    if (size <= from) return { from, midLine };
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    if (end === 0) return { from, midLine };
    const lines = buffer
      .subarray(0, end - 1)
      .toString('utf8')
      .split('\n');
    for (const line of midLine ? lines.slice(1) : lines) show(line);
    return { from: from + end, midLine: false };
  } finally {
    await file.close();
  }
}
