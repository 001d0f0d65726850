import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The memory of an interpreter that has just started, kept in a file so that the next one starts in a fifth of the time. It is made by the
 * first process of its kind, before any code of a user runs there, through a descriptor that is closed then.
 */
export type Snapshot = {
  readonly file: string;
  /** The file is there and whole. */
  readonly isMade: boolean;
};

/** Where compiled code is kept, in a folder of this Node's version. Null where nothing is to be kept. */
export function snapshotFor(name: string): Snapshot | null {
  const folder = getCompileCacheDir() ?? process.env['NODE_COMPILE_CACHE'];
  if (folder === undefined) return null;
  const file = join(folder, `${name}-node-${process.versions.node}.snapshot`);
  return { file, isMade: existsSync(file) };
}

/** A snapshot that is being made. */
export type Making = {
  /** What the process writes to. */
  readonly descriptor: number;
  /** The process has it: it need not be open here. */
  close(): void;
  /** Puts it to its place when it is whole; forgets it otherwise. */
  finish(bytes: number): void;
};

/** Null when there is nothing to be made, or it cannot be kept. */
export function beginSnapshot(snapshot: Snapshot | null): Making | null {
  if (snapshot === null || snapshot.isMade) return null;
  const aside = `${snapshot.file}.${randomUUID()}`;
  try {
    mkdirSync(dirname(aside), { recursive: true });
    const descriptor = openSync(aside, 'wx', 0o600);
    return {
      descriptor,
      close: () => closeSync(descriptor),
      finish: (bytes) => keep(aside, { as: snapshot.file, bytes }),
    };
  } catch {
    return null;
  }
}

function keep(aside: string, { as, bytes }: { readonly as: string; readonly bytes: number }): void {
  try {
    if (bytes > 0 && statSync(aside).size === bytes) renameSync(aside, as);
  } catch {
    // The next process makes it.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A process could not start from it: the next one makes it anew. */
export const discardSnapshot = ({ file }: Snapshot): void => rmSync(file, { force: true });
