import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The folder of the checkout. */
export const project = resolve(import.meta.dirname, '..');

export type Finished = {
  /** The exit code; 1 when a signal ended the program. */
  readonly code: number;
  readonly seconds: number;
};

/**
 * Runs a JavaScript or TypeScript file in the checkout on the Node that runs this script, sharing its terminal. No shell is
 * between, so it is the same on Windows. What ends this process ends that one.
 *
 * @throws when the program cannot be started
 */
export function runNode(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const start = performance.now();
  return new Promise((done, fail) => {
    const options = { cwd: project, stdio: 'inherit', env: { ...process.env, ...env } } as const;
    const child = spawn(process.execPath, [resolve(project, file), ...args], options);
    const stop = (): void => void child.kill('SIGTERM');
    // Ctrl-C reaches both from the terminal: this process has only to outlive the other, which tidies up.
    const stay = (): void => {};
    process.on('SIGTERM', stop).on('SIGINT', stay);
    child.once('error', fail);
    child.once('close', (code) => {
      process.off('SIGTERM', stop).off('SIGINT', stay);
      done({ code: code ?? 1, seconds: (performance.now() - start) / 1000 });
    });
  });
}
