import { expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

const KNOWN = ['temporal', 'mysql'];

test('no server named means all of them', () => {
  expect(parseArguments(['up'], KNOWN)).toEqual({ kind: 'do', verb: 'up', servers: KNOWN, wipe: false, follow: false });
});

test('named servers keep the order of the stack and count once', () => {
  expect(parseArguments(['status', 'mysql', 'temporal', 'mysql'], KNOWN)).toMatchObject({ servers: KNOWN });
  expect(parseArguments(['down', '--wipe', 'mysql'], KNOWN)).toMatchObject({ servers: ['mysql'], wipe: true });
});

test('logs can be followed, and env takes only --force', () => {
  expect(parseArguments(['logs', 'mysql', '-f'], KNOWN)).toMatchObject({ verb: 'logs', servers: ['mysql'], follow: true });
  expect(parseArguments(['env'], KNOWN)).toEqual({ kind: 'env', force: false });
  expect(parseArguments(['env', '--force'], KNOWN)).toEqual({ kind: 'env', force: true });
});

test('nothing at all, or --help anywhere, asks for help', () => {
  expect(parseArguments([], KNOWN)).toEqual({ kind: 'help' });
  expect(parseArguments(['up', 'mysql', '-h'], KNOWN)).toEqual({ kind: 'help' });
});

test.each([
  [['upp'], 'unknown command "upp"; there are up, down, status, logs, install, env'],
  [['up', 'oracle'], 'unknown server "oracle"; there are temporal, mysql'],
  [['up', '--wipe'], '--wipe deletes data and goes with down only'],
  [['up', '--follow'], '--follow goes with logs only'],
  [['up', '--force'], '--force overwrites the .env file and goes with env only'],
  [['env', 'mysql'], 'env writes one file and takes no servers'],
  [['up', '--fast'], "Unknown option '--fast'"],
])('%j is wrong use', (argv, message) => {
  const request = parseArguments(argv, KNOWN);
  expect(request.kind).toBe('wrong');
  expect(request).toHaveProperty('message', expect.stringContaining(message));
});
