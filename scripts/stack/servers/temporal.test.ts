import { expect, test } from 'vitest';
import { isNewEnough, temporal } from './temporal.ts';

test.each([
  ['go1.25', true],
  ['go1.26.8\n', true],
  ['go2.0', true],
  ['devel go1.27-abcdef', true],
  ['go1.24.9', false],
  ['go1.9', false],
  ['', false],
])('%j: %s', (text, expected) => {
  expect(isNewEnough(text)).toBe(expected);
});

test('tests are told the port of the server, not that of the UI', () => {
  expect(temporal.environment({ server: 1, ui: 2, metrics: 3 })).toEqual({ RISKFLOW_TEST_TEMPORAL_ADDRESS: '127.0.0.1:1' });
});
