import { createCodeRunner, type PythonChoice } from '../../sandbox/index.ts';
import type { CodeLanguage, CodeResult } from '../../schemas/index.ts';
import { codeOptions } from '../code-options.ts';
import { ok, problem, type Judgement, type Subject } from './finding.ts';
import { within, type Answer } from './within.ts';

const TRIALS: Readonly<Record<CodeLanguage, string>> = {
  javascript: 'function main({ n }) { return { n: n + 1 } }',
  python3: 'def main(n):\n    return {"n": n + 1}',
};
/** Python starts slowly on a busy machine. */
const PYTHON_FACTOR = 5;

export const sandbox: Subject = {
  name: 'sandbox',
  examine: async ({ reading: { file, dataFolder, environment }, timeoutMs }) => {
    const runner = createCodeRunner({ ...codeOptions({ config: file.config, dataFolder, environment }), threads: 1, processes: 1 });
    const tried = (language: CodeLanguage, ms: number): Promise<Answer<CodeResult>> =>
      within(ms, runner.run({ language, code: TRIALS[language], inputsJson: '{"n":1}', signal: AbortSignal.timeout(ms) }));
    try {
      const [javascript, choice] = await Promise.all([tried('javascript', timeoutMs), within(timeoutMs * PYTHON_FACTOR, runner.choice())]);
      if (choice === 'late' || 'error' in choice) return [judgeSandbox(javascript), judgePythonChoice(choice)];
      const answer = choice.value.backend.kind === 'none' ? undefined : await tried('python3', timeoutMs * PYTHON_FACTOR);
      return [judgeSandbox(javascript), judgePython(choice.value, answer), ...judgePackages(choice.value)];
    } finally {
      await runner.close();
    }
  },
};

const NPM_CI = 'install the packages again: npm ci';
const WAIT_LONGER = 'riskflow doctor --timeout 30 waits longer';

export function judgeSandbox(answer: Answer<CodeResult>): Judgement {
  if (answer === 'late') return problem('JavaScript', 'QuickJS did not answer', WAIT_LONGER);
  if ('error' in answer) return problem('JavaScript', `QuickJS does not start: ${String(answer.error)}`, NPM_CI);
  return answer.value.ok
    ? ok('JavaScript', 'QuickJS in WebAssembly, without files or network')
    : problem('JavaScript', 'QuickJS computes wrongly', NPM_CI);
}

const judgePythonChoice = (answer: 'late' | { readonly error: unknown }): Judgement =>
  answer === 'late'
    ? problem('Python', 'what runs Python was not found out in time', WAIT_LONGER)
    : problem('Python', `what runs Python could not be found out: ${String(answer.error)}`, NPM_CI);

/** @param answer of a line of code that was run; undefined when none was */
export function judgePython({ setting, backend, obstacle }: PythonChoice, answer: Answer<CodeResult> | undefined): Judgement {
  if (setting === 'off') return ok('Python', 'switched off (code.python: off): Python code nodes fail');
  if (backend.kind === 'none' || answer === undefined)
    return problem('Python', backend.kind === 'none' ? backend.why : 'it was not tried', obstacle?.remedy ?? NPM_CI);
  const name = backendName(backend);
  if (answer === 'late') return problem('Python', `${name} did not answer`, WAIT_LONGER);
  if ('error' in answer) return problem('Python', `${name} does not start: ${String(answer.error)}`, NPM_CI);
  if (!answer.value.ok) return problem('Python', `${name} computes wrongly: ${answer.value.message}`, NPM_CI);
  if (backend.kind === 'bubblewrap') return ok('Python', `${name}, without network, with ${packagesText(backend)}`);
  const found = `${name}, without files or network, with the standard library alone`;
  if (setting === 'pyodide') return ok('Python', `${found} (code.python: pyodide)`);
  const why = obstacle === null ? '' : `: ${obstacle.why}`;
  // Nothing is wrong with it: the standard library is enough for most flows.
  return {
    ...ok('Python', `${found}${why}`),
    remedy: `for packages such as numpy: ${obstacle?.remedy ?? 'install bubblewrap'}; else set code.python: pyodide`,
  };
}

type Runnable = Exclude<PythonChoice['backend'], { kind: 'none' }>;

const backendName = (backend: Runnable): string =>
  backend.kind === 'bubblewrap'
    ? `CPython ${backend.interpreter.version} in bubblewrap`
    : `Pyodide ${backend.version} in a process of its own${backend.bubblewrap === null ? '' : ' in bubblewrap'}`;

const packagesText = ({ set }: Extract<Runnable, { kind: 'bubblewrap' }>): string =>
  set === null ? 'the standard library alone' : `${set.packages.length} installed packages`;

/** The packages that Python code may import, where there are any. */
export function judgePackages({ backend }: PythonChoice): readonly Judgement[] {
  if (backend.kind !== 'bubblewrap' || backend.set === null) return [];
  const { hash, packages } = backend.set;
  const some = packages.slice(0, 8).map(({ name, version }) => `${name} ${version}`);
  const more = packages.length > some.length ? `, and ${packages.length - some.length} more` : '';
  return [ok('Python packages', `${some.join(', ')}${more} (set ${hash.slice(0, 12)})`)];
}
