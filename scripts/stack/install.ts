import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { StackFailure } from './failure.ts';

const MARKER = 'complete.json';

/** What the marker of a finished folder says, or undefined when the folder is missing, half made or of another kind. */
export async function readMarker<T>(directory: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(join(directory, MARKER), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Makes a folder that is either finished or made again: what an earlier attempt left is removed first, and the
 * marker is written last, so that a kill at any moment leaves a folder without one. `halfMade` is called when
 * there was such a rest. Errors of `make` pass through and leave the rest for a person to look at.
 */
export async function makeOnce<T>(directory: string, schema: z.ZodType<T>, halfMade: () => void, make: () => Promise<T>): Promise<T> {
  const found = await readMarker(directory, schema);
  if (found !== undefined) return found;
  if (existsSync(directory)) {
    halfMade();
    await removeTree(directory);
  }
  await mkdir(directory, { recursive: true });
  const made = await make();
  const marker = join(directory, MARKER);
  await writeFile(`${marker}.new`, `${JSON.stringify(made, null, 2)}\n`);
  await rename(`${marker}.new`, marker);
  return made;
}

/**
 * Deletes a folder of the stack. Throws StackFailure when something is mounted inside: an interrupted install can
 * leave /proc or /dev of the machine there, and deleting through such a mount would delete what is behind it.
 */
export async function removeTree(directory: string): Promise<void> {
  const mounts = mountsWithin(directory, await readFile('/proc/self/mountinfo', 'utf8'));
  if (mounts.length > 0) {
    throw new StackFailure(`${directory} cannot be deleted while ${mounts.join(', ')} is mounted; unmount it with umount`);
  }
  await rm(directory, { recursive: true, force: true });
}

/** The mount points at or below a folder, from the text of `/proc/self/mountinfo`. */
export function mountsWithin(directory: string, mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter((point) => point === directory || point.startsWith(`${directory}/`));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
