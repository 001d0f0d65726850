/** A part of a set and its share of it. The name null is the rest that belongs to no split. */
export type Part = { readonly name: string | null; readonly share: number };

/** The parts, how many labels there are, and the label of every row as a number. */
export type SplitShape = { readonly parts: readonly Part[]; readonly labels: number; readonly labelOf: Int32Array };

/** Rows by part × label, and by part. */
type Counts = { readonly byLabel: Float64Array; readonly total: Float64Array };

/**
 * Places groups one after another (the largest first is the caller's order) into the part where they least raise the squared
 * distance to its share of the rows placed so far: per label, and in total, each relative to how many rows there are. So large groups
 * and small ones, and copies of one text, are dealt out by the shares too, and do not all end up in the largest part.
 */
export function placeGroups(
  shape: SplitShape,
  groups: readonly (readonly number[])[],
): { readonly partOfGroup: readonly number[]; readonly counts: Counts } {
  const labelSizes = sizesOf(shape);
  const counts = { byLabel: new Float64Array(shape.parts.length * shape.labels), total: new Float64Array(shape.parts.length) };
  const seen = { byLabel: new Float64Array(shape.labels), total: 0 };
  const partOfGroup = groups.map((group) => {
    const added = labelsIn(group, shape.labelOf);
    seen.total += group.length;
    for (const [label, n] of added) seen.byLabel[label] = (seen.byLabel[label] ?? 0) + n;
    let best = 0;
    let bestCost = Infinity;
    shape.parts.forEach((part, p) => {
      let cost = raise(group.length, counts.total[p] ?? 0, part.share * seen.total) / shape.labelOf.length;
      for (const [label, n] of added) {
        const size = labelSizes[label] ?? 1;
        cost += raise(n, counts.byLabel[p * shape.labels + label] ?? 0, part.share * (seen.byLabel[label] ?? 0)) / size;
      }
      // A hair's breadth, so that rounding does not decide between equals.
      if (cost < bestCost - 1e-12) [best, bestCost] = [p, cost];
    });
    count(counts, shape, { part: best, added, n: group.length });
    return best;
  });
  return { partOfGroup, counts };
}

/** (have + n − target)² − (have − target)². */
const raise = (n: number, have: number, target: number): number => n * (2 * (have - target) + n);

function count(
  counts: Counts,
  shape: SplitShape,
  { part, added, n }: { readonly part: number; readonly added: ReadonlyMap<number, number>; readonly n: number },
): void {
  counts.total[part] = (counts.total[part] ?? 0) + n;
  for (const [label, rows] of added) {
    const cell = part * shape.labels + label;
    counts.byLabel[cell] = (counts.byLabel[cell] ?? 0) + rows;
  }
}

function labelsIn(group: readonly number[], labelOf: Int32Array): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const row of group) found.set(labelOf[row] ?? 0, (found.get(labelOf[row] ?? 0) ?? 0) + 1);
  return found;
}

function sizesOf(shape: SplitShape): Float64Array {
  const sizes = new Float64Array(shape.labels);
  for (const label of shape.labelOf) sizes[label] = (sizes[label] ?? 0) + 1;
  return sizes;
}

/**
 * Deals out rows that belong to no group, in their given (shuffled) order: of each label every part gets what it still lacks,
 * rounded; what rounding gives or takes is carried to the next label, so that totals stay within a row.
 * @returns the part of each of `singles`.
 */
export function allotSingles(shape: SplitShape, singles: readonly number[], counts: Counts): readonly number[] {
  const sizes = sizesOf(shape);
  const carry = shape.parts.map(() => 0);
  const quotas = Array.from({ length: shape.labels }, (): number[] => []);
  const waiting = labelsIn(singles, shape.labelOf);
  for (let label = 0; label < shape.labels; label++) {
    const n = waiting.get(label) ?? 0;
    if (n === 0) continue;
    const lacking = shape.parts.map((part, p) =>
      Math.max(0, part.share * (sizes[label] ?? 0) - (counts.byLabel[p * shape.labels + label] ?? 0)),
    );
    quotas[label] = rounded(scaledTo(n, lacking, shape.parts), carry);
  }
  return singles.map((row) => {
    const quota = quotas[shape.labelOf[row] ?? 0] ?? [];
    const part = quota.findIndex((left) => left > 0);
    quota[part] = (quota[part] ?? 0) - 1;
    return part;
  });
}

function scaledTo(n: number, lacking: readonly number[], parts: readonly Part[]): readonly number[] {
  const sum = lacking.reduce((total, x) => total + x, 0);
  return sum > 1e-9 ? lacking.map((x) => (x * n) / sum) : parts.map((part) => part.share * n);
}

/** Whole numbers with the same sum, each within one of `wanted`; `carry` (changed) remembers what parts are owed. */
function rounded(wanted: readonly number[], carry: number[]): number[] {
  const whole = wanted.map((x) => Math.floor(x + 1e-9));
  const sum = wanted.reduce((total, x) => total + x, 0);
  let left = Math.round(sum) - whole.reduce((total, x) => total + x, 0);
  const owed = wanted.map((x, p) => x - (whole[p] ?? 0) + (carry[p] ?? 0));
  const byNeed = [...owed.keys()].sort((a, b) => (owed[b] ?? 0) - (owed[a] ?? 0) || a - b);
  for (const p of byNeed) {
    if (left-- <= 0) break;
    whole[p] = (whole[p] ?? 0) + 1;
    owed[p] = (owed[p] ?? 0) - 1;
  }
  owed.forEach((x, p) => (carry[p] = x));
  return whole;
}
