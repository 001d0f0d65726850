import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { endOfLog } from './command.ts';
import type { Command } from './command.ts';
import { StackFailure, messageOf } from './failure.ts';
import { identify } from './identity.ts';
import type { ProcessIdentity } from './identity.ts';

/**
 * Starts a program that outlives this process: in a session of its own, with its output appended to the log.
 * Throws StackFailure when it cannot be started at all; that it answers is for the caller to find out.
 */
export async function launch(command: Command, directory: string, log: string): Promise<ProcessIdentity> {
  const output = openSync(log, 'a');
  const child = spawn(command.program, [...command.arguments], {
    cwd: directory,
    detached: true,
    env: command.environment ?? process.env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new StackFailure(`${command.title ?? command.program} cannot be started: ${messageOf(error)}`);
  }
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  child.unref();
  if (identity === undefined)
    throw new StackFailure(`${command.title ?? command.program} ended at once; the end of ${log}:\n${await endOfLog(log)}`);
  return identity;
}
