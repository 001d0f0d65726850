import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the stack keeps things, always outside the checkout unless somebody says otherwise. Absolute paths. */
export interface Directories {
  /** What was downloaded and built; shared by all checkouts of a user. */
  readonly cache: string;
  /** Process records, logs and data of the running servers. */
  readonly state: string;
}

/** Reads `RISKFLOW_STACK_CACHE` and `RISKFLOW_STACK_STATE`; an empty value counts as unset. */
export function directoriesFrom(environment: NodeJS.ProcessEnv): Directories {
  const cache = resolve(environment['RISKFLOW_STACK_CACHE'] || join(homedir(), '.cache', 'riskflow', 'stack'));
  const state = resolve(environment['RISKFLOW_STACK_STATE'] || join(cache, 'state'));
  return { cache, state };
}

/** The folder of one server's record, log and data. */
export function stateOf(directories: Directories, server: string): string {
  return join(directories.state, server);
}

/** The folder an installation lives in. */
export function installationOf(directories: Directories, name: string): string {
  return join(directories.cache, name);
}
