import { cr1, f1OfJaccard, mcnemar, newcombe10, shareInterval, type Influence, type Interval, type Part } from './recount-statistics.ts';

/**
 * A recount of an evaluation from the lines that `eval show ID --results --json` prints, as a reader with the rows, the papers and
 * docs/STATISTICS.md would do it. It shares no code with the room evaluation. The metric is accuracy.
 */

/** One such line, as far as it counts. */
export type Row = {
  readonly sampleId: string;
  readonly variant: string;
  readonly repeat: number;
  readonly label: string | null;
  readonly prediction: string | null;
  readonly correct: boolean;
  readonly error: string | null;
  readonly cluster: string | null;
};

type Rules = { readonly margin: number; readonly maxErrors: number };
type Labelled = Row & { readonly label: string };

/** Every number that follows from the rows, in the shape of the summary that `eval run --json` prints. */
export function recount(rows: readonly Row[], rules: Rules) {
  const labelled = rows.filter((row): row is Labelled => row.label !== null);
  const independent = labelled.every((row) => row.cluster === null && row.repeat === 0);
  const [a, b] = ['A', 'B'].map((name) => labelled.filter(({ variant }) => variant === name));
  if (a === undefined || b === undefined) throw new Error('there are two variants');
  const bySample = Map.groupBy(a, ({ sampleId }) => sampleId);
  const clustered = a.some(({ cluster }) => cluster !== null);
  const labels = Object.fromEntries([...Map.groupBy(bySample.values(), ([first]) => first?.label ?? '')].map(([l, of]) => [l, of.length]));
  const variants = { A: recountVariant(a, independent), B: recountVariant(b, independent) };
  const difference = pairedDifference(pairUp(a, b), independent);
  const failed = Object.values(variants).some(({ errors, n }) => errors > rules.maxErrors * n);
  const verdict = verdictOf(difference, rules.margin, failed);
  const flips = countFlips(pairUp(a, b));
  return {
    n: bySample.size,
    unlabelled: new Set(rows.filter(({ label }) => label === null).map(({ sampleId }) => sampleId)).size,
    clusters: clustered ? new Set(a.map(groupOf)).size : null,
    labels,
    variants,
    difference: { ...difference, n: bySample.size, flips, verdict },
    flips,
    failures: { total: rows.filter(({ error }) => error !== null).length },
    verdict,
  };
}

/** A cluster, or else the sample by itself. */
const groupOf = ({ cluster, sampleId }: Row): string => (cluster === null ? `sample ${sampleId}` : `cluster ${cluster}`);
const isRight = ({ error, label, prediction }: Row): boolean => error === null && prediction === label;

/** Wrong are a prediction that is not the label, none at all, and an error. */
function recountVariant(rows: readonly Labelled[], independent: boolean) {
  const correct = rows.filter(isRight).length;
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  const share = (above: (row: Labelled) => boolean, below: (row: Labelled) => boolean): Interval | null =>
    shareInterval(partsOf(rows, above, below), independent);
  const accuracy = { value: correct / rows.length, interval: share(isRight, () => true) };
  return {
    n: rows.length,
    correct,
    errors: rows.filter(({ error }) => error !== null).length,
    accuracy: accuracy.value,
    accuracyInterval: accuracy.interval,
    score: accuracy.value,
    scoreInterval: accuracy.interval,
    confusion: Object.fromEntries(labels.map((label) => [label, predictionsOf(rows, label, labels)])),
    unpredicted: Object.fromEntries(
      labels
        .map((label) => [label, countOf(rows, (row) => row.label === label && row.prediction === null)] as const)
        .filter(([, n]) => n > 0),
    ),
    classes: Object.fromEntries(labels.map((label) => [label, recountClass(rows, label, share)])),
    ...recountMacroF1(rows, labels),
  };
}

const countOf = (rows: readonly Labelled[], which: (row: Labelled) => boolean): number => rows.filter(which).length;

/** How often each label, and whatever else was said, was the prediction on samples of a label. */
function predictionsOf(rows: readonly Labelled[], label: string, labels: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = Object.fromEntries(labels.map((name) => [name, 0]));
  for (const row of rows) {
    if (row.label === label && row.prediction !== null) counts[row.prediction] = (counts[row.prediction] ?? 0) + 1;
  }
  return counts;
}

function recountClass(
  rows: readonly Labelled[],
  label: string,
  share: (above: (row: Labelled) => boolean, below: (row: Labelled) => boolean) => Interval | null,
) {
  const is = (row: Labelled): boolean => row.label === label;
  const said = (row: Labelled): boolean => row.prediction === label;
  const both = (row: Labelled): boolean => is(row) && said(row);
  const [hits, support, predicted] = [countOf(rows, both), countOf(rows, is), countOf(rows, said)];
  return {
    precision: predicted === 0 ? null : hits / predicted,
    recall: support === 0 ? null : hits / support,
    f1: (2 * hits) / (support + predicted),
    support,
    predicted,
    precisionInterval: share(both, said),
    recallInterval: share(both, is),
    f1Interval: f1OfJaccard(share(both, (row) => is(row) || said(row))),
  };
}

/** Each sample's part of "above among below", summed over its repeats. */
function partsOf(rows: readonly Labelled[], above: (row: Labelled) => boolean, below: (row: Labelled) => boolean): readonly Part[] {
  return rows.filter(below).map((row) => ({ group: groupOf(row), above: above(row) ? 1 : 0, below: 1 }));
}

/**
 * Mean of F1 over the labels with value ± t · CR1 error of the linearised mean (delta method, as in K. Takahashi et al., Applied
 * Intelligence 52, 2022). A result's influence is the derivative of macro F1 by the count of its cell of the confusion matrix,
 * taken numerically; being of degree 0 in the counts, the derivatives of all results sum to 0.
 */
function recountMacroF1(rows: readonly Labelled[], labels: readonly string[]) {
  const cellOf = ({ label, prediction }: Labelled): string => JSON.stringify([label, prediction]);
  const cells = new Map([...Map.groupBy(rows, cellOf)].map(([cell, members]) => [cell, members.length]));
  const value = macroF1(cells, labels);
  const step = 1e-5 * rows.length;
  const moved = (cell: string, by: number): number => macroF1(new Map(cells).set(cell, (cells.get(cell) ?? 0) + by), labels);
  const slopes = new Map([...cells.keys()].map((cell) => [cell, (moved(cell, step) - moved(cell, -step)) / (2 * step)]));
  const robust = cr1(rows.map((row): Influence => ({ group: groupOf(row), value: slopes.get(cellOf(row)) ?? 0 })));
  const half = robust === null ? 0 : robust.t * robust.se;
  return { macroF1: value, macroF1Interval: half < 1e-9 ? null : { low: Math.max(0, value - half), high: Math.min(1, value + half) } };
}

function macroF1(cells: ReadonlyMap<string, number>, labels: readonly string[]): number {
  const f1 = labels.map((label) => {
    let [hits, is, said] = [0, 0, 0];
    for (const [cell, n] of cells) {
      const [truth, prediction] = JSON.parse(cell) as readonly [string, string | null];
      if (truth === label) is += n;
      if (prediction === label) said += n;
      if (truth === label && prediction === label) hits += n;
    }
    return (2 * hits) / (is + said);
  });
  return f1.reduce((sum, score) => sum + score, 0) / labels.length;
}

/** A sample with the share of its repeats that A and B got right. */
type Pair = { readonly sampleId: string; readonly group: string; readonly a: number; readonly b: number };

function pairUp(a: readonly Row[], b: readonly Row[]): readonly Pair[] {
  const ofB = Map.groupBy(b, ({ sampleId }) => sampleId);
  const share = (rows: readonly Row[]): number => rows.filter(isRight).length / rows.length;
  return [...Map.groupBy(a, ({ sampleId }) => sampleId)].map(([sampleId, rows]) => {
    const others = ofB.get(sampleId) ?? [];
    if (rows[0] === undefined || others.length !== rows.length) throw new Error(`sample ${sampleId} was not answered equally often`);
    return { sampleId, group: groupOf(rows[0]), a: share(rows), b: share(others) };
  });
}

/** B − A: Newcombe's method 10 with exact McNemar on independent samples, else the mean of paired differences ± t(G−1) · CR1 error. */
function pairedDifference(pairs: readonly Pair[], independent: boolean) {
  const n = pairs.length;
  if (independent) {
    const count = (a: number, b: number): number => pairs.filter((pair) => pair.a === a && pair.b === b).length;
    const table = { e: count(1, 1), f: count(0, 1), g: count(1, 0), h: count(0, 0) };
    return { ...newcombe10(table), p: mcnemar(table.f, table.g), test: 'newcombe-paired', clusters: null };
  }
  const estimate = pairs.reduce((sum, { a, b }) => sum + (b - a), 0) / n;
  const robust = cr1(pairs.map(({ group, a, b }): Influence => ({ group, value: (b - a - estimate) / n })));
  if (robust === null) throw new Error('one cluster has no spread');
  const half = robust.t * robust.se;
  const interval = { low: Math.max(-1, estimate - half), high: Math.min(1, estimate + half) };
  return { estimate, ...interval, p: null, test: 'cr1-clustered', clusters: robust.groups };
}

/** More than half of the repeats wrong before and right after is gained, the reverse lost. */
function countFlips(pairs: readonly Pair[]): { readonly gained: number; readonly lost: number } {
  return {
    gained: pairs.filter(({ a, b }) => a < 0.5 && b > 0.5).length,
    lost: pairs.filter(({ a, b }) => a > 0.5 && b < 0.5).length,
  };
}

function verdictOf({ low, high }: Interval, margin: number, tooManyErrors: boolean): 'PASS' | 'FAIL' | 'UNDECIDED' {
  if (tooManyErrors) return 'UNDECIDED';
  return low > -margin ? 'PASS' : high < -margin ? 'FAIL' : 'UNDECIDED';
}

/** Maps whose keys must be just those that were counted; elsewhere a summary may say more than a recount. */
const COMPLETE = /\/(confusion|unpredicted|labels|classes)(\/[^/]*)?$/;

/**
 * Where a summary says something else than the recount, one line per place. Counts and texts must be equal; ratios and the
 * limits of independent results within 1e-9 (p relatively); limits with a t quantile or a numerical derivative within 1e-6.
 */
export function disagreements(counted: ReturnType<typeof recount>, said: unknown): readonly string[] {
  const limits = counted.difference.test === 'cr1-clustered' ? 1e-6 : 1e-9;
  return differences(counted, said, { path: '', limits });
}

type Place = { readonly path: string; readonly limits: number };

function differences(counted: unknown, said: unknown, { path, limits }: Place): readonly string[] {
  if (typeof counted === 'number' && typeof said === 'number') {
    const near = Math.abs(counted - said) <= toleranceOf(counted, { path, limits });
    return near ? [] : [`${path}: recounted ${counted}, said ${said}`];
  }
  if (typeof counted === 'object' && counted !== null && typeof said === 'object' && said !== null) {
    const [ours, theirs] = [new Map<string, unknown>(Object.entries(counted)), new Map<string, unknown>(Object.entries(said))];
    const keys = new Set(COMPLETE.test(path) ? [...ours.keys(), ...theirs.keys()] : ours.keys());
    return [...keys].flatMap((key) => differences(ours.get(key), theirs.get(key), { path: `${path}/${key}`, limits }));
  }
  return counted === said ? [] : [`${path}: recounted ${JSON.stringify(counted)}, said ${JSON.stringify(said)}`];
}

function toleranceOf(counted: number, { path, limits }: Place): number {
  if (/macroF1Interval\/(low|high)$/.test(path)) return 1e-6;
  if (/\/(low|high)$/.test(path)) return limits;
  if (path.endsWith('/p')) return 1e-9 * counted;
  return Number.isInteger(counted) ? 0 : 1e-9;
}
