import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { directoriesFrom } from './directories.ts';

test('the defaults are outside the checkout', () => {
  const cache = join(homedir(), '.cache', 'riskflow', 'stack');
  expect(directoriesFrom({})).toEqual({ cache, state: join(cache, 'state') });
  expect(directoriesFrom({ RISKFLOW_STACK_CACHE: '', RISKFLOW_STACK_STATE: '' })).toEqual(directoriesFrom({}));
});

test('the state follows the cache unless it is set, and relative paths become absolute', () => {
  expect(directoriesFrom({ RISKFLOW_STACK_CACHE: '/c' })).toEqual({ cache: '/c', state: '/c/state' });
  expect(directoriesFrom({ RISKFLOW_STACK_CACHE: '/c', RISKFLOW_STACK_STATE: 's' }).state).toBe(resolve('s'));
});
