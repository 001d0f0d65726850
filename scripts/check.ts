import './require-node-24.cjs';
import { parseArgs } from 'node:util';
import { runNode, type Finished } from './run-node.ts';

type Step = {
  readonly name: string;
  readonly what: string;
  /** A file in the checkout and its arguments. */
  readonly run: readonly [file: string, ...args: string[]];
  readonly mend?: string;
};

const cache = 'node_modules/.cache/riskflow';

const steps: readonly Step[] = [
  {
    name: 'format',
    what: 'Prettier would change nothing',
    run: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    mend: 'npm run format',
  },
  { name: 'lint', what: 'oxlint, with types', run: ['node_modules/oxlint/bin/oxlint'] },
  {
    name: 'types',
    what: 'the TypeScript compiler',
    run: ['node_modules/typescript/bin/tsc', '--incremental', '--tsBuildInfoFile', `${cache}/types.tsbuildinfo`],
  },
  { name: 'layers', what: 'who imports whom', run: ['scripts/layers.ts'] },
  {
    name: 'dead-code',
    what: 'knip: files, exports and packages that nobody uses',
    run: ['node_modules/knip/bin/knip.js', '--no-progress'],
  },
  { name: 'tests', what: 'the unit tests', run: ['scripts/test.ts'] },
];

const help = `Everything that must hold before a commit; what CI runs.

  npm run check
  npm run check -- --only lint,types
  npm run check -- --skip tests

${steps.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join('\n')}

A failing step does not stop the others. Exit codes: 0 all passed, 1 some failed, 2 wrong use.
`;

/** The steps that were asked for, or the sentence that says what is wrong with the question. */
function chosen(only: string | undefined, skip: string | undefined): readonly Step[] | string {
  const names = (list: string | undefined): string[] => list?.split(',').map((name) => name.trim()) ?? [];
  const unknown = [...names(only), ...names(skip)].filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) return `there is no step ${unknown.join(', ')}; the steps are ${steps.map(({ name }) => name).join(', ')}`;
  const left = steps.filter(({ name }) => (only === undefined || names(only).includes(name)) && !names(skip).includes(name));
  return left.length > 0 ? left : 'no step is left to run';
}

type Outcome = Finished & { readonly step: Step };

async function runSteps(asked: readonly Step[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of asked) {
    console.log(`\n── ${step.name}: ${step.what}`);
    const [file, ...args] = step.run;
    outcomes.push({ step, ...(await runNode(file, args)) });
  }
  return outcomes;
}

function summary(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ step, code, seconds }) => {
    const verdict = code === 0 ? 'passed' : 'FAILED';
    const mend = code !== 0 && step.mend !== undefined ? `   mend: ${step.mend}` : '';
    return `  ${step.name.padEnd(10)} ${verdict} ${seconds.toFixed(1).padStart(7)} s${mend}`;
  });
  const total = outcomes.reduce((sum, { seconds }) => sum + seconds, 0);
  return ['', '── summary', ...lines, `  ${'in all'.padEnd(10)}        ${total.toFixed(1).padStart(7)} s`].join('\n');
}

function readArguments(): { readonly help: boolean; readonly steps: readonly Step[] | string } {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, skip: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
    return { help: values.help, steps: chosen(values.only, values.skip) };
  } catch (error) {
    return { help: false, steps: error instanceof Error ? error.message : String(error) };
  }
}

const asked = readArguments();
if (asked.help) {
  console.log(help);
} else if (typeof asked.steps === 'string') {
  console.error(`check: ${asked.steps}. See npm run check -- --help`);
  process.exitCode = 2;
} else {
  const outcomes = await runSteps(asked.steps);
  console.log(summary(outcomes));
  if (outcomes.some(({ code }) => code !== 0)) process.exitCode = 1;
}
