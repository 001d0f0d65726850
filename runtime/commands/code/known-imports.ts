import type { PythonChoice } from '../../../sandbox/index.ts';
import type { Settings } from '../../settings.ts';
import { pythonInForce } from './packages.ts';

const WARNING = /^line \d+ of the code imports ([\w]+), which (is no part of Python|Pyodide and newer Pythons lack)/;

/**
 * Whether a warning about the code of a node (flow/nodes/code/code-warnings.ts) does not hold here, because what the code imports is there.
 * Python is looked at only when some warning is about an import.
 */
export async function isMetHere(settings: Settings, warnings: readonly string[]): Promise<(warning: string) => boolean> {
  if (!warnings.some((warning) => WARNING.test(warning))) return () => false;
  return metBy(await pythonInForce(settings));
}

export const metBy =
  ({ backend }: PythonChoice): ((warning: string) => boolean) =>
  (warning) => {
    const [, name = '', kind] = WARNING.exec(warning) ?? [];
    if (backend.kind !== 'bubblewrap' || kind === undefined) return false;
    return kind === 'is no part of Python'
      ? (backend.set?.imports ?? []).includes(name)
      : backend.interpreter.standardModules.includes(name);
  };
