import { describe, expect, it } from 'vitest';
import { priorityOf } from './priority.ts';

describe('the priority of a run', () => {
  it.each([
    ['live', 1],
    ['manual', 3],
    ['scheduled', 4],
    ['shadow', 4],
    ['backtest', 5],
    ['evaluation', 5],
  ] as const)('that is %s is %d', (mode, key) => {
    expect(priorityOf(mode)).toBe(key);
  });
});
