import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { project } from './run-node.ts';

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8', env: { ...process.env, ...env } });
  return { code: status, out: stdout, err: stderr };
}

describe('check', () => {
  test('--help names every step and runs none', () => {
    const { code, out, err } = run(['scripts/check.ts', '--help']);
    for (const step of ['format', 'lint', 'types', 'layers', 'dead-code', 'tests']) expect(out).toContain(`  ${step} `);
    expect(out).not.toContain('summary');
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test.each([
    { args: ['--only', 'lint,typos'], says: 'there is no step typos; the steps are format, lint, types, layers, dead-code, tests' },
    { args: ['--skip', 'speed'], says: 'there is no step speed' },
    { args: ['--only', 'lint', '--skip', 'lint'], says: 'no step is left to run' },
    { args: ['--fast'], says: `Unknown option '--fast'` },
  ])('$args is wrong use', ({ args, says }) => {
    const { code, out, err } = run(['scripts/check.ts', ...args]);
    expect(err).toContain(`check: ${says}`);
    expect(err).not.toContain('    at ');
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('test --stack', () => {
  const OTHERS = ['MARIADB_URL', 'KAFKA_BROKERS', 'KAFKA_SASL_BROKERS', 'REGISTRY_URL', 'MILVUS_ADDRESS', 'PROMETHEUS_URL'];
  const here = { RISKFLOW_TEST_TEMPORAL_ADDRESS: '127.0.0.1:1', RISKFLOW_TEST_MYSQL_URL: 'mysql://root@127.0.0.1:1/x' };
  const others = (value: string): Record<string, string> => Object.fromEntries(OTHERS.map((name) => [`RISKFLOW_TEST_${name}`, value]));

  test.each([
    {
      env: { ...here, ...others('x'), RISKFLOW_TEST_TEMPORAL_ADDRESS: '', RISKFLOW_TEST_MYSQL_URL: '' },
      args: [],
      says: 'RISKFLOW_TEST_TEMPORAL_ADDRESS and RISKFLOW_TEST_MYSQL_URL are not set',
    },
    { env: { ...here, ...others('x'), RISKFLOW_TEST_MYSQL_URL: '' }, args: [], says: 'RISKFLOW_TEST_MYSQL_URL is not set' },
    { env: { ...here, ...others('') }, args: [], says: 'RISKFLOW_TEST_MILVUS_ADDRESS and RISKFLOW_TEST_PROMETHEUS_URL are not set' },
    { env: { ...here, ...others(''), RISKFLOW_TEST_MYSQL_URL: '' }, args: ['storage/'], says: 'RISKFLOW_TEST_MYSQL_URL is not set' },
  ])('fails for $args where $says', ({ env, args, says }) => {
    const { code, out, err } = run(['scripts/test.ts', '--stack', ...args], env);
    expect(err).toContain(says);
    expect(err).toContain('npm run stack -- up');
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });
});

describe('an older Node', () => {
  const guard = join(project, 'scripts/require-node-24.cjs');
  const pretend = (version: string): string =>
    `Object.defineProperty(process.versions, 'node', { value: '${version}' }); require(${JSON.stringify(guard)});`;

  test.each(['18.20.0', '20.20.2', '22.18.0'])('%s is told what is needed, in one sentence', (version) => {
    const { code, out, err } = run(['-e', `${pretend(version)} console.log('went on');`]);
    expect(err).toMatch(/^Riskflow needs Node 24 and this is Node [\d.]+: .+\n$/);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test.each(['24.0.0', '26.1.0'])('%s goes on', (version) => {
    expect(run(['-e', `${pretend(version)} console.log('went on');`])).toEqual({ code: 0, out: 'went on\n', err: '' });
  });
});
