import './require-node-24.cjs';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTests, slowestFiles, type VitestResults } from './count-tests.ts';
import { project, runNode } from './run-node.ts';

const help = `Runs the tests. What else is given goes to vitest: files, -t NAME, --coverage …

  npm test                      all that needs no servers
  npm test -- flow/             the tests of one folder
  npm run test:stack            the tests that need real servers, *.stack.test.ts

The last line is "N passed, N failed". Exit codes: 0 all passed, 1 some failed or a server is missing.
`;

/** The servers that `*.stack.test.ts` need, by the variable that names them. Most files need the first two only. */
const mostlyNeeded = ['RISKFLOW_TEST_TEMPORAL_ADDRESS', 'RISKFLOW_TEST_MYSQL_URL'];
const servers = [
  ...mostlyNeeded,
  'RISKFLOW_TEST_MARIADB_URL',
  'RISKFLOW_TEST_KAFKA_BROKERS',
  'RISKFLOW_TEST_KAFKA_SASL_BROKERS',
  'RISKFLOW_TEST_REGISTRY_URL',
  'RISKFLOW_TEST_MILVUS_ADDRESS',
  'RISKFLOW_TEST_PROMETHEUS_URL',
];

/** How many of the slowest files are named. */
const SLOWEST = 10;

const stackFiles = (): readonly string[] =>
  globSync('**/*.stack.test.ts', { cwd: project, exclude: ['node_modules/**', 'dist/**', 'data/**'] });

/** Runs vitest once and prints the counts of its own results. @returns the exit code */
async function runVitest(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'riskflow-test-'));
  try {
    const file = join(folder, 'results.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const { code } = await runNode('node_modules/vitest/vitest.mjs', ['run', ...reporters, ...args], env);
    nameWhatWasLeft(env);
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) {
      console.error('test: vitest ended without results (see above).');
      return 1;
    }
    const results = JSON.parse(text) as VitestResults;
    const slowest = slowestFiles(results, project, SLOWEST);
    // Of a file or two vitest's own lines tell enough.
    if (results.testResults.length > SLOWEST) console.log(['Slowest files, with their tests:', ...slowest, ''].join('\n'));
    const { passed, failed } = countTests(results, code);
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nameWhatWasLeft(env: Readonly<Record<string, string>>): void {
  const { length } = stackFiles();
  if (length === 0 || ({ ...process.env, ...env }['RISKFLOW_STACK_TESTS'] ?? '') !== '') return;
  console.log(
    `Left out: ${length} ${length === 1 ? 'file' : 'files'} of tests that need real servers (*.stack.test.ts). ` +
      'To run them: export $(npm run --silent stack -- up) && npm run test:stack\n',
  );
}

async function runStackTests(args: readonly string[]): Promise<number> {
  // Who names files may have started only what those need; a run of everything, as in CI, leaves nothing out.
  const needed = args.length === 0 ? servers : mostlyNeeded;
  const missing = needed.filter((name) => (process.env[name] ?? '') === '');
  if (missing.length > 0) {
    console.error(
      `test: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set; ` +
        'start the servers with `npm run stack -- up`, which prints what to set: export $(npm run --silent stack -- up)',
    );
    return 1;
  }
  if (stackFiles().length === 0) {
    console.error('test: there are no *.stack.test.ts files.');
    return 1;
  }
  return runVitest(args, { RISKFLOW_STACK_TESTS: 'only' });
}

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) console.log(help);
else if (args.includes('--stack')) process.exitCode = await runStackTests(args.filter((arg) => arg !== '--stack'));
else process.exitCode = await runVitest(args);
