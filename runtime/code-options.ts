import type { CodeRunnerOptions } from '../sandbox/index.ts';
import type { Config } from '../schemas/index.ts';
import type { Environment } from './configuration/attempt.ts';

type CodeSettings = { readonly config: Config; readonly dataFolder: string; readonly environment: Environment };

/** How user code is run, by the settings. */
export const codeOptions = ({ config: { code }, dataFolder, environment }: CodeSettings): CodeRunnerOptions => ({
  python: code?.python,
  interpreter: code?.interpreter,
  processes: code?.processes,
  limits: code?.timeoutMs === undefined ? {} : { timeoutMs: code.timeoutMs },
  dataFolder,
  environment,
});
