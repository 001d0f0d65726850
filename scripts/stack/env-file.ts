import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackFailure } from './failure.ts';
import { newPassword } from './secrets.ts';

const PASSWORD = /^([A-Z_]*PASSWORD)=.*$/gm;

/** The text of `.env.example` with a password of its own in each line that sets one. */
export function withPasswords(example: string, generate: () => string = newPassword): string {
  return example.replace(PASSWORD, (_line, name: string) => `${name}=${generate()}`);
}

/**
 * Writes `.env` beside `.env.example`, with generated passwords and readable by its owner only. An existing one is left alone unless
 * `force` says otherwise: servers that were started with its passwords keep them in their data. Returns the path.
 */
export async function writeEnvFile(folder: string, force: boolean): Promise<string> {
  const path = join(folder, '.env');
  const text = withPasswords(await readFile(join(folder, '.env.example'), 'utf8'));
  // Removed first: the mode is only given to a file that is new.
  if (force) await rm(path, { force: true });
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new StackFailure(
      `${path} exists and was left alone, because volumes keep the passwords they were made with; --force writes it anew`,
    );
  }
  return path;
}
