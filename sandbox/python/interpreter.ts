import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Seen } from './jail.ts';
import { lastLine, runProgram } from './run-program.ts';

/** A CPython of this machine. */
export type Interpreter = {
  /** What was asked for: `python3`, or a path. */
  readonly command: string;
  /** The program itself, links and shims resolved. */
  readonly path: string;
  /** `3.11.7` */
  readonly version: string;
  /** `cpython-3.11-x86_64`: packages of one serve another with the same. */
  readonly tag: string;
  readonly standardLibrary: string;
  /** Where it looks for its library below its prefix: `lib`, on some systems `lib64`. */
  readonly libraryFolder: string;
  /** The shared library that it is in, where there is one. */
  readonly sharedLibrary: string | null;
  /** Names of the modules of its standard library. */
  readonly standardModules: readonly string[];
};

export type InterpreterSearch = { readonly ok: true; readonly interpreter: Interpreter } | { readonly ok: false; readonly why: string };

const OLDEST = [3, 9] as const;
const QUESTION = `
import json, os, platform, sys, sysconfig
lib = sysconfig.get_config_var("INSTSONAME")
shared = None if not lib or not sysconfig.get_config_var("Py_ENABLE_SHARED") else os.path.join(sysconfig.get_config_var("LIBDIR") or "", lib)
print(json.dumps({
  "path": os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable), "version": platform.python_version(),
  "tag": "%s-%d.%d-%s" % (sys.implementation.name, sys.version_info[0], sys.version_info[1], platform.machine()),
  "standardLibrary": os.path.realpath(os.path.dirname(os.__file__)), "libraryFolder": getattr(sys, "platlibdir", "lib"),
  "standardModules": sorted(getattr(sys, "stdlib_module_names", ())),
  "sharedLibrary": shared if shared and os.path.exists(shared) else None,
}))`;

/** Asks a Python what it is. The command is looked for on the path of `env`. */
export async function findInterpreter(command: string, env: Readonly<Record<string, string | undefined>>): Promise<InterpreterSearch> {
  const { PATH, HOME } = env;
  const run = await runProgram(command, ['-I', '-c', QUESTION], { env: { PATH, HOME }, timeoutMs: 10_000 });
  if (run.code !== 0) return { ok: false, why: `${command} does not run${run.complaint === '' ? '' : ` (${lastLine(run.complaint)})`}` };
  const found = JSON.parse(run.out) as Omit<Interpreter, 'command'>;
  const [major = 0, minor = 0] = found.version.split('.').map(Number);
  if (major !== OLDEST[0] || minor < OLDEST[1])
    return { ok: false, why: `${command} is Python ${found.version}, and ${OLDEST.join('.')} is needed` };
  if (!found.tag.startsWith('cpython-')) return { ok: false, why: `${command} is no CPython (${found.tag})` };
  return { ok: true, interpreter: { command, ...found } };
}

/** Where the jail has Python, under neutral names. */
export const JAILED_PYTHON = '/python/bin/python3';

/** What of an interpreter must be seen in the jail: itself and its standard library, without the packages that others installed. */
export function seenOf({ path, version, standardLibrary, libraryFolder, sharedLibrary }: Interpreter): {
  readonly seen: readonly Seen[];
  readonly hidden: readonly string[];
} {
  const [major, minor] = version.split('.');
  const library = `/python/${libraryFolder}/python${major ?? ''}.${minor ?? ''}`;
  return {
    seen: [
      { from: path, at: JAILED_PYTHON },
      { from: standardLibrary, at: library },
      ...(sharedLibrary === null
        ? []
        : [{ from: sharedLibrary, at: `/python/shared/${sharedLibrary.slice(dirname(sharedLibrary).length + 1)}` }]),
    ],
    hidden: ['site-packages', 'dist-packages']
      .filter((name) => existsSync(join(standardLibrary, name)))
      .map((name) => `${library}/${name}`),
  };
}
