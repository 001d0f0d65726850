import { mkdirSync, statSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, RiskflowError } from '../../schemas/core.ts';

/**
 * Makes the data folder and those above it that are missing. One level after the other: Node's own recursive mkdir never ends where
 * a folder exists but takes none, as /proc does.
 * @throws RiskflowError `usage` that says what is in the way
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  let path = resolve(folder);
  let found = look(folder, path);
  while (found === undefined) {
    missing.unshift(path);
    // The root is its own parent, and missing where a drive is not there.
    if (dirname(path) === path) throw refusal(folder, `there is no ${path}`);
    path = dirname(path);
    found = look(folder, path);
  }
  if (!found.isDirectory()) throw inTheWay(folder, path);
  for (const each of missing) makeOne(folder, each);
}

/** What is at a path; undefined when nothing is. */
function look(folder: string, path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw refusal(folder, troubleOf(cause, path), cause);
  }
}

function makeOne(folder: string, path: string): void {
  try {
    // For its owner alone: what lies in it holds reports and answers.
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (codeOf(cause) !== 'EEXIST') throw refusal(folder, troubleOf(cause, path), cause);
    const there = look(folder, path);
    if (there === undefined) throw refusal(folder, `${path} is a link to nothing`, cause);
    if (!there.isDirectory()) throw inTheWay(folder, path);
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined);

function troubleOf(cause: unknown, path: string): string {
  switch (codeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
      return `this user may not write to ${dirname(path)}`;
    case 'EROFS':
      return `${dirname(path)} is on a file system that can only be read`;
    case 'ENOENT':
      return `${dirname(path)} takes no folders`;
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return messageOf(cause);
  }
}

const HINT = 'name another with RISKFLOW_DATA';

const inTheWay = (folder: string, path: string): RiskflowError =>
  path === resolve(folder)
    ? new RiskflowError('usage', `the data folder ${folder} is a file`, { hint: HINT })
    : refusal(folder, `${path} is a file`);

const refusal = (folder: string, why: string, cause?: unknown): RiskflowError =>
  new RiskflowError('usage', `the data folder ${folder} cannot be made: ${why}`, { cause, hint: HINT });
