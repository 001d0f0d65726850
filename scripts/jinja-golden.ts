import './require-node-24.cjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runNode } from './run-node.ts';

const JINJA = 'jinja2==3.1.6';
const TEST = 'tests/fuzz/jinja/random-templates.test.ts';

const HELP = `Compares the template engine with the real Jinja2 on random templates, and keeps what it gave as golden rows.

  node scripts/jinja-golden.ts                    writes tests/fuzz/jinja/fixtures/golden-templates.json anew and compares
  node scripts/jinja-golden.ts --runs 100000      compares so many templates, and leaves the golden rows alone
  node scripts/jinja-golden.ts --runs 20000 --seed 7
  node scripts/jinja-golden.ts --prepare          only makes a Python with Jinja2, outside of the checkout, where there is none

It needs a python3, and pip where that Python lacks ${JINJA}. What it installs lies in ~/.cache/riskflow (RISKFLOW_STACK_CACHE changes that).
`;

const pythonOf = (folder: string): string => join(folder, 'bin/python3');
const has = (python: string): boolean =>
  spawnSync(python, ['-c', `import jinja2, sys; sys.exit(jinja2.__version__ != "${JINJA.split('==')[1] ?? ''}")`]).status === 0;

/** A Python that has the very Jinja: python3 itself, or one in a virtual environment in the cache, which is made when it is not there. */
function prepare(): string | undefined {
  const folder = join(process.env['RISKFLOW_STACK_CACHE'] ?? join(homedir(), '.cache/riskflow'), 'jinja2-3.1.6');
  const found = ['python3', pythonOf(folder)].find(has);
  if (found !== undefined) return found;
  mkdirSync(dirname(folder), { recursive: true });
  const steps = [['python3', ['-m', 'venv', folder]] as const, [pythonOf(folder), ['-m', 'pip', 'install', '--quiet', JINJA]] as const];
  for (const [program, args] of steps) if (spawnSync(program, args, { stdio: 'inherit' }).status !== 0) return undefined;
  return existsSync(pythonOf(folder)) ? pythonOf(folder) : undefined;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    prepare: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else {
  const python = prepare();
  if (python === undefined) {
    process.stderr.write(`jinja-golden: there is no Python with ${JINJA}, and none could be made: install python3 with venv and pip\n`);
    process.exitCode = 1;
  } else if (!values.prepare) {
    const { code } = await runNode('node_modules/vitest/vitest.mjs', ['run', TEST], {
      RISKFLOW_JINJA_PYTHON: python,
      ...(values.runs === undefined ? { RISKFLOW_WRITE_GOLDEN: '1' } : { RISKFLOW_FUZZ_RUNS: values.runs }),
      ...(values.seed === undefined ? {} : { RISKFLOW_FUZZ_SEED: values.seed }),
    });
    process.exitCode = code;
  }
}
