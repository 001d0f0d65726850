import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, statSync } from 'node:fs';
import type { Database } from '../database.ts';
import { execute } from '../prepared-query.ts';

/** Processes that open a file at once need one copy, not one each. */
const SHARED_MS = 60_000;

/**
 * Puts a copy of the data as it is now beside its file (https://sqlite.org/lang_vacuum.html#vacuuminto), while others go on. An earlier copy
 * stays; one that was made in the last minute does for this time too.
 * @returns the path of the copy
 */
export async function copyFile(database: Database, file: string, level: number): Promise<string> {
  let copy = `${file}.level-${level}`;
  for (let i = 2, age = ageOf(copy); age !== undefined; i++, age = ageOf(copy)) {
    if (age < SHARED_MS) return copy;
    copy = `${file}.level-${level}.${i}`;
  }
  // Under another name until it is whole.
  const part = `${copy}.${randomUUID()}`;
  try {
    await database.session(({ connection }) => execute(connection, 'vacuum into ?', [part]));
    renameSync(part, copy);
  } finally {
    rmSync(part, { force: true });
  }
  return copy;
}

/** Milliseconds since a file was written; undefined when there is none. */
function ageOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : Math.max(0, Date.now() - found.mtimeMs);
}
