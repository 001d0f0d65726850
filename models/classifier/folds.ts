import { textKey } from './normalize-text.ts';

export type LabelledText = {
  readonly text: string;
  readonly label: string;
  /** Texts of one group (a campaign, an account) are not independent of each other. Null: a group of its own. */
  readonly group: string | null;
};

/**
 * Numbers the groups of samples that must stay together: equal groups and equal texts (`textKey`), directly or through others.
 * The numbers follow the first sample of each group, from 0.
 */
export function groupsOf(samples: readonly LabelledText[]): Int32Array {
  const parent = Int32Array.from(samples.keys());
  const root = (start: number): number => {
    let at = start;
    while (parent[at] !== at) {
      const above = parent[at] ?? at;
      parent[at] = parent[above] ?? above;
      at = above;
    }
    return at;
  };
  const first = new Map<string, number>();
  const join = (key: string, sample: number): void => {
    const other = first.get(key);
    if (other === undefined) first.set(key, sample);
    // The smaller number becomes the root, so that the result does not depend on the order of joins.
    else parent[Math.max(root(other), root(sample))] = Math.min(root(other), root(sample));
  };
  samples.forEach(({ text, group }, i) => {
    join(`t${textKey(text)}`, i);
    if (group !== null) join(`g${group}`, i);
  });
  const numbers = new Map<number, number>();
  return Int32Array.from(samples, (_, i) => {
    const number = numbers.get(root(i)) ?? numbers.size;
    numbers.set(root(i), number);
    return number;
  });
}

/**
 * Deals groups out to folds, whole, so that each fold gets about its share of every label: the largest groups first, each to the
 * fold which has the least of the group's labels so far.
 *
 * @param targets index of each sample's label. @param groups number of each sample's group (`groupsOf`).
 * @returns the fold of each sample; at most `wanted` folds, and no more than there are groups.
 */
export function foldsOf(targets: Int32Array, groups: Int32Array, wanted: number): { readonly foldOf: Int32Array; readonly folds: number } {
  const labels = targets.reduce((most, target) => Math.max(most, target + 1), 0);
  const totals = new Float64Array(labels);
  const members: Float64Array[] = [];
  groups.forEach((group, i) => {
    const target = targets[i] ?? 0;
    totals[target] = (totals[target] ?? 0) + 1;
    const counts = (members[group] ??= new Float64Array(labels));
    counts[target] = (counts[target] ?? 0) + 1;
  });
  const folds = Math.min(wanted, members.length);
  const dealt = Array.from({ length: folds }, () => new Float64Array(labels));
  const foldOfGroup = new Int32Array(members.length);
  for (const group of bySizeDescending(members)) {
    const counts = members[group] ?? new Float64Array(labels);
    const fold = indexOfLeast(dealt.map((soFar) => load(soFar, counts, totals)));
    foldOfGroup[group] = fold;
    const target = dealt[fold];
    if (target !== undefined) for (let k = 0; k < labels; k++) target[k] = (target[k] ?? 0) + (counts[k] ?? 0);
  }
  return { foldOf: groups.map((group) => foldOfGroup[group] ?? 0), folds };
}

const sizeOf = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);

function bySizeDescending(members: readonly Float64Array[]): readonly number[] {
  const sizes = members.map(sizeOf);
  return Array.from(members.keys()).toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
}

/** How full a fold is of the labels a group has; its whole size decides between equals. */
function load(soFar: Float64Array, counts: Float64Array, totals: Float64Array): number {
  let full = 0;
  for (let k = 0; k < counts.length; k++) full += ((counts[k] ?? 0) * (soFar[k] ?? 0)) / Math.max(totals[k] ?? 0, 1);
  return full + sizeOf(soFar) * 1e-9;
}

const indexOfLeast = (values: readonly number[]): number => values.reduce((best, value, i) => (value < (values[best] ?? 0) ? i : best), 0);
