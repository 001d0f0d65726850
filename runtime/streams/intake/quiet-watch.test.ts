import { expect, test } from 'vitest';
import { quietWatch } from './quiet-watch.ts';

const after = (signs: readonly number[], disturbedAt?: number): readonly number[] => {
  const watch = quietWatch({ quietMs: 5_000, signMs: 2_500 });
  return signs.filter((now) => {
    if (now === disturbedAt) watch.disturbed();
    return watch.sign(now);
  });
};

test.each([
  ['signs for long enough', [0, 2_000, 4_000, 5_000, 5_500], undefined, [5_000, 5_500]],
  ['a source that was silent for a while', [0, 2_000, 4_000, 9_000, 11_000, 13_000, 14_000], undefined, [14_000]],
  ['one sign, however late', [60_000], undefined, []],
  ['a record between', [0, 2_000, 4_000, 6_000, 8_000, 9_000], 4_000, [9_000]],
])('%s', (_what, signs, disturbedAt, quiet) => {
  expect(after(signs, disturbedAt)).toEqual(quiet);
});
