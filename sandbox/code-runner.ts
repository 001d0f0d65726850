import { createRequire } from 'node:module';
import type { CodeRunner } from '../schemas/core.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';
import { choosePython, type PythonChoice, type PythonSetting } from './python/backend.ts';
import { createPythonRunner } from './python/runner.ts';
import { createQuickJsRunner } from './quickjs-runner.ts';

export type CodeRunnerOptions = {
  readonly limits?: Partial<SandboxLimits> | undefined;
  /** What runs Python. @default auto */
  readonly python?: PythonSetting | undefined;
  /** The Python for bubblewrap: a program or a path. @default python3 */
  readonly interpreter?: string | undefined;
  /** Where installed packages lie; without it there are none. */
  readonly dataFolder?: string | undefined;
  /** For PATH and HOME. @default of this process */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** JavaScript calls at the same time. @default 2 */
  readonly threads?: number | undefined;
  /** Python calls at the same time, each in a process of its own. @default 2 */
  readonly processes?: number | undefined;
  /** A Python process is replaced after so many calls. @default 5000 */
  readonly callsPerProcess?: number | undefined;
  /** A Python process that has nothing to do is ended after so long, milliseconds. @default 60000 */
  readonly idleMs?: number | undefined;
};

/** User code of both languages, and what is chosen to run it. */
export type SandboxRunner = CodeRunner & {
  /** What runs Python here and why; looked for when it is first asked for. */
  choice(): Promise<PythonChoice>;
};

/** Rises when the same code may give other results on the same interpreters. */
const GUEST_REVISION = 1;

/**
 * Runs user code with least power: JavaScript in QuickJS, Python in what `choosePython` finds. Nothing is started, and Python not even looked
 * for, before the first call of the language.
 */
export function createCodeRunner(options: CodeRunnerOptions = {}): SandboxRunner {
  const limits: SandboxLimits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  const { python: setting = 'auto', interpreter, dataFolder, environment = process.env } = options;
  const javascript = createQuickJsRunner({ limits, threads: options.threads ?? 2 });
  const python = createPythonRunner({
    limits,
    processes: options.processes ?? 2,
    callsPerProcess: options.callsPerProcess ?? 5000,
    idleMs: options.idleMs ?? 60_000,
    choose: () => choosePython({ setting, interpreter, dataFolder, environment }),
  });
  return {
    run: (request) => (request.language === 'javascript' ? javascript : python).run(request),
    choice: () => python.choice(),
    version: async (language) => (language === 'javascript' ? javascriptVersion() : pythonVersion(await python.choice())),
    async close() {
      python.close();
      await javascript.close();
    },
  };
}

function javascriptVersion(): string {
  const { version } = createRequire(import.meta.url)('@jitl/quickjs-wasmfile-release-sync/package.json') as { readonly version: string };
  return `quickjs ${version} r${GUEST_REVISION}`;
}

function pythonVersion({ backend }: PythonChoice): string {
  switch (backend.kind) {
    case 'none':
      return 'none';
    case 'pyodide':
      return `pyodide ${backend.version} r${GUEST_REVISION}`;
    case 'bubblewrap':
      return `${backend.interpreter.tag} ${backend.interpreter.version} packages ${backend.set?.hash ?? 'none'} r${GUEST_REVISION}`;
  }
}
