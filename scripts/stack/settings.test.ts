import { expect, test } from 'vitest';
import { fixedPorts, portSetting } from './settings.ts';

test('the setting of the main port has the name of the server alone', () => {
  expect(portSetting('temporal', 'server')).toBe('RISKFLOW_STACK_PORT_TEMPORAL');
  expect(portSetting('temporal', 'ui')).toBe('RISKFLOW_STACK_PORT_TEMPORAL_UI');
});

test('ports that are set are fixed, and empty settings count as unset', () => {
  const environment = { RISKFLOW_STACK_PORT_TEMPORAL: '7233', RISKFLOW_STACK_PORT_TEMPORAL_UI: ' ', RISKFLOW_STACK_PORT_MYSQL: '1' };
  expect(fixedPorts('temporal', ['server', 'ui', 'metrics'], environment)).toEqual({ server: 7233 });
});

test.each(['0', '65536', 'http', '-1', '1e3'])('%j is no port', (text) => {
  expect(() => fixedPorts('mysql', ['server'], { RISKFLOW_STACK_PORT_MYSQL: text })).toThrow(
    `RISKFLOW_STACK_PORT_MYSQL is "${text}", which is no port`,
  );
});
