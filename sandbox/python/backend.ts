import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../schemas/core.ts';
import { launchCpython, type CpythonParts } from './cpython-launch.ts';
import { findInterpreter, type Interpreter } from './interpreter.ts';
import { jailArguments } from './jail.ts';
import { currentSet, type PackageSet } from './packages.ts';
import { startPythonProcess } from './process.ts';
import { pyodidePackage, type PyodideParts } from './pyodide-launch.ts';
import { lastLine, runProgram } from './run-program.ts';

export type PythonSetting = 'auto' | 'bubblewrap' | 'pyodide' | 'off';

export type PythonBackend =
  | (CpythonParts & { readonly kind: 'bubblewrap'; readonly set: PackageSet | null })
  | (PyodideParts & { readonly kind: 'pyodide' })
  /** Python cannot run; `why` is a sentence for the person who reads the error of a run. */
  | { readonly kind: 'none'; readonly why: string };

/** Which backend runs Python here, and what was found out on the way. */
export type PythonChoice = {
  readonly setting: PythonSetting;
  readonly backend: PythonBackend;
  /** Why CPython in bubblewrap cannot run, and how to mend it; null when it can, or was not looked at. */
  readonly obstacle: Obstacle | null;
};

export type Obstacle = { readonly why: string; readonly remedy: string };

export type PythonSearch = {
  readonly setting: PythonSetting;
  /** A program or a path. @default python3 */
  readonly interpreter?: string | undefined;
  /** Where installed packages lie; without it there are none. */
  readonly dataFolder?: string | undefined;
  /** For PATH and HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Tries what there is. It takes some 0.2 seconds, and is done when Python is first needed. */
export async function choosePython(search: PythonSearch): Promise<PythonChoice> {
  const { setting } = search;
  if (setting === 'off') return { setting, backend: { kind: 'none', why: 'Python is switched off (code.python is off).' }, obstacle: null };
  const strong = setting === 'pyodide' ? undefined : await probeBubblewrap(search);
  if (strong?.ok === true) return { setting, backend: strong.backend, obstacle: null };
  const obstacle = strong === undefined ? null : strong.obstacle;
  if (setting === 'bubblewrap') {
    const why = `Python cannot run: code.python is bubblewrap, and ${obstacle?.why ?? 'that does not run'}; ${obstacle?.remedy ?? ''}.`;
    return { setting, backend: { kind: 'none', why }, obstacle };
  }
  return { setting, backend: await pyodideBackend(search), obstacle };
}

async function pyodideBackend({ environment }: PythonSearch): Promise<PythonBackend> {
  try {
    const bubblewrap = findProgram('bwrap', environment);
    const jailed = bubblewrap !== null && (await tryJail(bubblewrap)) === null;
    return { kind: 'pyodide', ...pyodidePackage(), bubblewrap: jailed ? bubblewrap : null };
  } catch (error) {
    return {
      kind: 'none',
      why: `Python cannot run: the package pyodide is not installed (${messageOf(error).split('\n')[0] ?? ''}); run npm ci.`,
    };
  }
}

type Strong =
  | { readonly ok: true; readonly backend: Extract<PythonBackend, { kind: 'bubblewrap' }> }
  | { readonly ok: false; readonly obstacle: Obstacle };
const obstacleOf = (why: string, remedy: string): Strong => ({ ok: false, obstacle: { why, remedy } });

/** Finds bubblewrap and a Python, and lets them run a line of code together. */
async function probeBubblewrap({ interpreter: wanted = 'python3', dataFolder, environment }: PythonSearch): Promise<Strong> {
  if (process.platform !== 'linux') return obstacleOf('bubblewrap is there on Linux only', 'use Linux, or leave Python to Pyodide');
  const bubblewrap = findProgram('bwrap', environment);
  if (bubblewrap === null) return obstacleOf('bubblewrap is not installed', 'install it: apt install bubblewrap');
  const jail = await tryJail(bubblewrap);
  if (jail !== null)
    return obstacleOf(
      `bubblewrap does not run here (${jail})`,
      'let this user make user namespaces (sysctl kernel.unprivileged_userns_clone=1, or a container with a seccomp profile that allows them)',
    );
  const found = await findInterpreter(wanted, environment);
  if (!found.ok) return obstacleOf(found.why, 'install Python 3 (apt install python3), or name one with code.interpreter');
  const set = packagesFor(found.interpreter, dataFolder);
  if ('why' in set) return obstacleOf(set.why, 'install them again: riskflow code install REQUIREMENTS.txt');
  const parts = { bubblewrap, interpreter: found.interpreter, packages: set.set?.folder ?? null };
  const failure = await trial(parts);
  if (failure !== null) return obstacleOf(`${wanted} does not run in bubblewrap (${failure})`, 'name another Python with code.interpreter');
  return { ok: true, backend: { kind: 'bubblewrap', ...parts, set: set.set } };
}

function packagesFor({ tag }: Interpreter, dataFolder: string | undefined): { readonly set: PackageSet | null } | { readonly why: string } {
  if (dataFolder === undefined) return { set: null };
  try {
    const set = currentSet(dataFolder);
    if (set !== null && set.tag !== tag) return { why: `the Python packages were installed with ${set.tag}, and this Python is ${tag}` };
    return { set };
  } catch (error) {
    return { why: `the installed Python packages cannot be read (${messageOf(error)})` };
  }
}

/** Null when a jail can be made; else why not. */
async function tryJail(bubblewrap: string): Promise<string | null> {
  const args = jailArguments({ seen: [{ from: realpathSync('/bin/true'), at: '/true' }], variables: {} }, ['/true']);
  const withoutPid = args.filter((one, i) => one !== '--info-fd' && args[i - 1] !== '--info-fd');
  const { code, complaint } = await runProgram(bubblewrap, withoutPid, { env: {}, timeoutMs: 5000 });
  return code === 0 ? null : lastLine(complaint) || `exit code ${String(code)}`;
}

/** Null when a line of code runs; else why not. */
async function trial(parts: CpythonParts): Promise<string | null> {
  const python = startPythonProcess(launchCpython(parts, 256));
  try {
    await python.ready();
    const code = 'def main(n):\n    return {"n": n + 0.5}';
    const { outcome } = await python.call({ code, inputs: '{"n": 1}', timeoutMs: 5000, longest: 1000 });
    if (!outcome.ok) return outcome.message;
    return outcome.json === '{"n": 1.5}' ? null : 'it computes wrongly';
  } catch (error) {
    return messageOf(error);
  } finally {
    python.end();
  }
}

/** The first executable file of that name on the path. */
function findProgram(name: string, { PATH = '' }: Readonly<Record<string, string | undefined>>): string | null {
  for (const folder of PATH.split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one.
    }
  }
  return null;
}
