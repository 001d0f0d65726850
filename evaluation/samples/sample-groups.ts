/** What splitting needs to know of a sample. */
export type SplitRow = {
  readonly id: string;
  readonly label: string | null;
  /** Samples of one cluster stay together. Null: none. */
  readonly cluster: string | null;
  /** Samples of equal text stay together. */
  readonly textHash: string;
};

/**
 * Rows that must stay together: the connected components of "equal cluster or equal text". Each group lists row numbers in
 * rising order; groups come in the order of their first row.
 */
export function sampleGroups(rows: readonly SplitRow[]): readonly (readonly number[])[] {
  const parents = Int32Array.from(rows.keys());
  const firstOfCluster = new Map<string, number>();
  const firstOfText = new Map<string, number>();
  rows.forEach((row, index) => {
    if (row.cluster !== null) uniteWithFirst(parents, firstOfCluster, { key: row.cluster, index });
    uniteWithFirst(parents, firstOfText, { key: row.textHash, index });
  });
  const groups = new Map<number, number[]>();
  for (let index = 0; index < rows.length; index++) {
    const root = rootOf(parents, index);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [index]);
    else group.push(index);
  }
  return [...groups.values()];
}

function uniteWithFirst(parents: Int32Array, firsts: Map<string, number>, row: { readonly key: string; readonly index: number }): void {
  const first = firsts.get(row.key);
  if (first === undefined) firsts.set(row.key, row.index);
  else unite(parents, first, row.index);
}

// The smaller root wins, so that a root is the first row of its group; path halving keeps the trees flat.
function unite(parents: Int32Array, a: number, b: number): void {
  const [rootA, rootB] = [rootOf(parents, a), rootOf(parents, b)];
  if (rootA !== rootB) parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
}

function rootOf(parents: Int32Array, index: number): number {
  let at = index;
  for (;;) {
    const parent = parents[at] ?? at;
    if (parent === at) return at;
    const grandparent = parents[parent] ?? parent;
    parents[at] = grandparent;
    at = grandparent;
  }
}
