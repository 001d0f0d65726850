import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
const SQLITE_BUSY = 5;

/**
 * Does the work while no other process holds the same lock file; `waiting` is called once when it has to wait.
 * SQLite's file lock is used because the kernel takes it back when its holder dies, however it dies: a lock file
 * of one's own would need a rule for holders that were killed.
 */
export async function withLock<T>(path: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let tries = 0; !tryLock(database); tries += 1) {
      if (tries === 0) waiting();
      await delay(POLL_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
