import { seededRandom, shuffled, type Random } from '../random/seeded-random.ts';
import { sampleGroups, type SplitRow } from './sample-groups.ts';
import { allotSingles, placeGroups, type Part } from './split-targets.ts';

export type SplitResult =
  | {
      readonly ok: true;
      /** Ids of each split in the order of `rows`, by name in the order of `ratios`. */
      readonly splits: ReadonlyMap<string, readonly string[]>;
      /** Ids in no split: what the ratios leave over when their sum is below 1. */
      readonly rest: readonly string[];
      /** Groups of rows that had to stay together, lone rows included, and the size of the largest. */
      readonly groups: number;
      readonly largestGroup: number;
    }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/**
 * Cuts a sample set into named parts of the given shares. Rows of one cluster or of equal text are never separated. Each part
 * gets its share of every label as well as the groups allow; when no rows belong together, every part is within one row of its
 * share, and every label within it within two.
 *
 * The result depends on the ids, labels, clusters, texts, shares and the seed, not on the order of `rows` or `ratios`. Ids
 * must differ. A wrong request is a value with one sentence for the user.
 */
export function splitSamples(request: {
  readonly rows: readonly SplitRow[];
  /** Share of each part, above 0; together at most 1. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly seed: number;
}): SplitResult {
  // One order for equal sets, however their rows came.
  const rows = [...request.rows].sort((a, b) => compareText(a.id, b.id));
  const wrong = wrongRatios(request.ratios) ?? wrongIds(rows);
  if (wrong !== undefined) return { ok: false, ...wrong };
  const groups = sampleGroups(rows);
  const parts = partsOf(request.ratios);
  const partOf = assign({ rows, groups, parts, random: seededRandom(request.seed) });
  const partById = new Map(rows.map((row, index) => [row.id, parts[partOf[index] ?? 0]?.name ?? null]));
  const idsIn = (name: string | null): string[] => request.rows.filter((row) => partById.get(row.id) === name).map((row) => row.id);
  const splits = new Map(Object.keys(request.ratios).map((name) => [name, idsIn(name)]));
  const empty = [...splits].find(([, ids]) => ids.length === 0)?.[0];
  if (empty !== undefined) return { ok: false, ...emptyPart(empty, rows.length, groups.length) };
  const largestGroup = groups.reduce((most, group) => Math.max(most, group.length), 0);
  return { ok: true, splits, rest: idsIn(null), groups: groups.length, largestGroup };
}

/** The parts in the order of their names; a rest part with the name null when the shares leave something over. */
function partsOf(ratios: Readonly<Record<string, number>>): readonly Part[] {
  const parts = Object.entries(ratios)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, share]): Part => ({ name, share }));
  const rest = 1 - parts.reduce((sum, part) => sum + part.share, 0);
  return rest > TOLERANCE ? [...parts, { name: null, share: rest }] : parts;
}

function assign(work: {
  readonly rows: readonly SplitRow[];
  readonly groups: readonly (readonly number[])[];
  readonly parts: readonly Part[];
  readonly random: Random;
}): Int32Array {
  const labels = [...new Set(work.rows.map((row) => row.label))].sort(compareLabels);
  const codes = new Map(labels.map((label, code) => [label, code]));
  const labelOf = Int32Array.from(work.rows, (row) => codes.get(row.label) ?? 0);
  const order = shuffled(work.groups, work.random);
  const large = order.filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
  const singles = order.filter((group) => group.length === 1).map((group) => group[0] ?? 0);
  const partOf = new Int32Array(work.rows.length);
  const shape = { parts: work.parts, labels: labels.length, labelOf };
  const placed = placeGroups(shape, large);
  placed.partOfGroup.forEach((part, g) => large[g]?.forEach((row) => (partOf[row] = part)));
  allotSingles(shape, singles, placed.counts).forEach((part, s) => (partOf[singles[s] ?? 0] = part));
  return partOf;
}

const TOLERANCE = 1e-9;

type Wrong = { readonly message: string; readonly hint: string };

function wrongRatios(ratios: Readonly<Record<string, number>>): Wrong | undefined {
  const entries = Object.entries(ratios);
  if (entries.length === 0) return { message: 'no split was asked for', hint: 'name at least one, for example --tune 0.3 --test 0.7' };
  const wrong = entries.find(([, share]) => !(share > 0 && share <= 1));
  if (wrong !== undefined) return { message: `the share of split "${wrong[0]}" is ${wrong[1]}`, hint: 'a share is above 0 and at most 1' };
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  if (sum > 1 + TOLERANCE)
    return { message: `the shares of the splits sum to ${Number(sum.toFixed(6))}`, hint: 'together they may be at most 1' };
  return undefined;
}

function wrongIds(sorted: readonly SplitRow[]): Wrong | undefined {
  const twice = sorted.find((row, index) => index > 0 && row.id === sorted[index - 1]?.id);
  return twice === undefined ? undefined : { message: `two samples have the id "${twice.id}"`, hint: 'ids must differ within a set' };
}

const emptyPart = (name: string, rows: number, groups: number): Wrong => ({
  message: `split "${name}" would be empty: ${rows} rows form ${groups} ${groups === 1 ? 'group' : 'groups'} that must stay together`,
  hint: 'give it a larger share, or import the set with fewer samples per cluster',
});

/** By UTF-16 code units: the same on every machine, whatever its language. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const compareLabels = (a: string | null, b: string | null): number =>
  a === null ? (b === null ? 0 : -1) : b === null ? 1 : compareText(a, b);
