import { expect, test } from 'vitest';
import { temporal } from './temporal.ts';

const INSTANCE = { state: '/s/temporal', ports: { server: 1, ui: 2, metrics: 3 }, secrets: {} };
const INSTALLATION = { directory: '/c', variant: 'temporal', version: '1' };

test('tests are told where the server, its UI and its metrics are, the server first', () => {
  expect(Object.entries(temporal.environment(INSTANCE))).toEqual([
    ['RISKFLOW_TEST_TEMPORAL_ADDRESS', '127.0.0.1:1'],
    ['RISKFLOW_TEST_TEMPORAL_UI', 'http://127.0.0.1:2'],
    ['RISKFLOW_TEST_TEMPORAL_METRICS', 'http://127.0.0.1:3/metrics'],
  ]);
});

test('it takes priorities of tasks seriously, as the container does', async () => {
  const { arguments: given } = await temporal.start(INSTALLATION, INSTANCE);
  expect(given[given.indexOf('--dynamic-config-value') + 1]).toBe('matching.useNewMatcher=true');
});

test('it keeps its data in memory unless a file was asked for', async ({ onTestFinished }) => {
  const before = process.env['RISKFLOW_STACK_TEMPORAL_FILE'];
  onTestFinished(() => {
    if (before === undefined) delete process.env['RISKFLOW_STACK_TEMPORAL_FILE'];
    else process.env['RISKFLOW_STACK_TEMPORAL_FILE'] = before;
  });
  process.env['RISKFLOW_STACK_TEMPORAL_FILE'] = '';
  expect((await temporal.start(INSTALLATION, INSTANCE)).arguments).not.toContain('--db-filename');
  process.env['RISKFLOW_STACK_TEMPORAL_FILE'] = '1';
  const { arguments: given } = await temporal.start(INSTALLATION, INSTANCE);
  expect(given[given.indexOf('--db-filename') + 1]).toBe('/s/temporal/temporal.db');
});
