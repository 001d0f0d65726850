import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, RiskflowError } from '../schemas/core.ts';
import type { Terminal } from './terminal.ts';

/** Text of a file that the user named, or of standard input for "-". @throws RiskflowError in one sentence. */
export async function readTextFile(terminal: Pick<Terminal, 'folder' | 'readInput'>, path: string, what: string): Promise<string> {
  const bytes = path === '-' ? await terminal.readInput() : await readBytes(resolve(terminal.folder, path), { path, what });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RiskflowError('invalid_file', `the ${what} ${path} is not UTF-8 text`, { cause, hint: 'save it as UTF-8' });
  }
}

async function readBytes(absolute: string, { path, what }: { readonly path: string; readonly what: string }): Promise<Uint8Array> {
  try {
    return await readFile(absolute);
  } catch (cause) {
    throw new RiskflowError('not_found', `the ${what} ${path} cannot be read: ${troubleOf(cause)}`, {
      cause,
      hint: `looked for ${absolute}`,
    });
  }
}

/** Checks that a file could be written there, before long work is done for it. @throws RiskflowError */
export async function checkWritable(
  terminal: Pick<Terminal, 'folder'>,
  { option, path }: { readonly option: string; readonly path: string },
): Promise<string> {
  const absolute = resolve(terminal.folder, path);
  const folder = dirname(absolute);
  const parent = await stat(folder).catch(() => undefined);
  if (parent?.isDirectory() !== true)
    throw new RiskflowError('usage', `${option} ${path}: there is no folder ${folder}`, { hint: 'make it first, or name another file' });
  const there = await stat(absolute).catch(() => undefined);
  if (there?.isDirectory() === true)
    throw new RiskflowError('usage', `${option} ${path} is a folder, and a file is to be written`, {
      hint: `for example ${path}/report.html`,
    });
  return absolute;
}

function troubleOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  return messageOf(cause);
}
