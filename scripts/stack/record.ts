import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StackFailure } from './failure.ts';

const FILE = 'process.json';

const recordSchema = z.strictObject({
  server: z.string().min(1),
  /** null after it was stopped by request; the ports are remembered for the next start. */
  process: z.strictObject({ pid: z.int().positive(), startTime: z.string().regex(/^\d+$/), boot: z.string().min(1) }).nullable(),
  ports: z.record(z.string(), z.int().min(1).max(65_535)),
  /** Generated passwords by purpose; none in records of before they were generated. */
  secrets: z.record(z.string(), z.string()).default({}),
  startedAt: z.iso.datetime(),
});

/** What is known about a server that was started: the pid file of the stack. */
export type ServerRecord = Readonly<z.infer<typeof recordSchema>>;

/** Reads the text of a record; undefined when it is anything else. */
export function parseRecord(text: string): ServerRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The record in a server's state folder; undefined when there is none. Throws StackFailure when there is one that
 * cannot be read: guessing which process was meant could stop a stranger.
 */
export async function readRecord(stateDirectory: string): Promise<ServerRecord | undefined> {
  const path = join(stateDirectory, FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const record = parseRecord(text);
  if (record === undefined) throw new StackFailure(`${path} is not a process record; stop that server by hand and delete the file`);
  return record;
}

/** Stores a record, which only its owner may read, in one step, so that nobody ever reads half of one. The folder must exist. */
export async function writeRecord(stateDirectory: string, record: ServerRecord): Promise<void> {
  const path = join(stateDirectory, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
