import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldsOf, groupsOf, type LabelledText } from './folds.ts';

const sample = (text: string, group: string | null = null): LabelledText => ({ text, label: 'x', group });

describe('groupsOf', () => {
  it.each([
    ['all apart', [sample('a'), sample('b'), sample('c')], [0, 1, 2]],
    ['one campaign', [sample('a', 'g'), sample('b'), sample('c', 'g')], [0, 1, 0]],
    ['equal texts', [sample('Free  prize'), sample('x'), sample('ｆｒｅｅ prize ')], [0, 1, 0]],
    ['through others', [sample('a', 'g'), sample('b', 'h'), sample('a', 'h'), sample('c')], [0, 0, 0, 1]],
    ['no group is no group', [sample('a', null), sample('b', null)], [0, 1]],
    ['a group named as a text', [sample('g'), sample('x', 'g')], [0, 1]],
  ])('%s', (_name, samples, expected) => {
    expect(Array.from(groupsOf(samples))).toEqual(expected);
  });
});

describe('foldsOf', () => {
  const cases = fc
    .array(fc.tuple(fc.nat(3), fc.nat(30)), { minLength: 1, maxLength: 200 })
    .map((pairs) => ({ targets: Int32Array.from(pairs, ([target]) => target), groups: renumber(pairs.map(([, group]) => group)) }));

  it('keeps groups whole, uses every fold and gives the same again', () => {
    fc.assert(
      fc.property(cases, ({ targets, groups }) => {
        const { foldOf, folds } = foldsOf(targets, groups, 5);
        const number = new Set(groups).size;
        expect(folds).toBe(Math.min(5, number));
        const pairs = new Set(Array.from(groups, (group, i) => `${group} ${foldOf[i]}`));
        expect(pairs.size).toBe(number);
        expect(new Set(foldOf).size).toBe(folds);
        expect(foldsOf(targets, groups, 5)).toEqual({ foldOf, folds });
      }),
    );
  });

  it('shares out every label evenly when groups are small', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 5, maxLength: 300 }), (labels) => {
        const targets = Int32Array.from(labels);
        const { foldOf, folds } = foldsOf(targets, Int32Array.from(labels.keys()), 5);
        for (const label of new Set(labels)) {
          const counts = Array.from({ length: folds }, (_, fold) => labels.filter((l, i) => l === label && foldOf[i] === fold).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

/** Numbers in the order of their first appearance, as `groupsOf` gives them. */
function renumber(groups: readonly number[]): Int32Array {
  const order = [...new Set(groups)];
  return Int32Array.from(groups, (group) => order.indexOf(group));
}
