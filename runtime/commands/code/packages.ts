import { choosePython, installPackages, type Installed, type PythonChoice } from '../../../sandbox/index.ts';
import type { Settings } from '../../settings.ts';
import { codeOptions } from '../../code-options.ts';

export type CodeInstall = {
  /** The requirements file: its text, and its name for messages. */
  readonly lock: { readonly text: string; readonly name: string };
  readonly index?: string | undefined;
  readonly findLinks?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly onProgress?: (sentence: string) => void;
};

/** Installs packages for Python code nodes, for processes that start from now on. @throws RiskflowError */
export function installCodePackages({ dataFolder, environment, config }: Settings, request: CodeInstall): Promise<Installed> {
  return installPackages({ ...request, dataFolder, environment, interpreter: config.code?.interpreter });
}

/** What runs Python here, and with which packages. */
export function pythonInForce(settings: Settings): Promise<PythonChoice> {
  const { python = 'auto', interpreter, dataFolder, environment = {} } = codeOptions(settings);
  return choosePython({ setting: python, interpreter, dataFolder, environment });
}
