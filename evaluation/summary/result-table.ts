import { ErrorCode, RiskflowError, type EvaluationStarted, type FailedResult, type ResultRow } from '../../schemas/core.ts';

/** One result as summaries need it. */
export type EvaluationResult = Omit<ResultRow, 'runId'>;

/** What is added up over all results of a variant. */
export type UsageTotals = {
  inputTokens: number | null;
  outputTokens: number | null;
  cost: number | null;
  unpriced: number;
  calls: number;
  reused: number;
  /** Milliseconds of the results that reused nothing. */
  readonly elapsedMs: number[];
};

/** Results of one variant by place: sample · repeats + repeat. */
export type VariantColumn = {
  readonly state: Uint8Array;
  readonly prediction: Int32Array;
  readonly usage: UsageTotals;
};

export const ResultState = { missing: 0, wrong: 1, right: 2, failed: 3 } as const;

/**
 * Result rows packed into arrays, about a dozen bytes each: filled row by row (`addResult`), in any order, and then only read.
 * The first row of a (sample, variant, repeat) counts; later ones are counted as `repeated` and change nothing.
 */
export type ResultTable = {
  readonly started: EvaluationStarted['data'];
  readonly order: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly labels: (string | null | undefined)[];
  readonly clusters: (string | null)[];
  readonly columns: ReadonlyMap<string, VariantColumn>;
  /** Texts of predictions by number. */
  readonly texts: string[];
  readonly numberOf: Map<string, number>;
  /** Repeats may be numbered from anything. */
  readonly repeatOf: Map<number, number>;
  readonly failures: FailedResult[];
  repeated: number;
};

/** An empty table for the samples in their seeded order. @throws RiskflowError `internal` when an id comes twice in it. */
export function openResultTable(started: EvaluationStarted['data'], order: readonly string[]): ResultTable {
  const indexOf = new Map(order.map((id, index) => [id, index]));
  if (indexOf.size !== order.length) throw broken('the seeded order holds a sample twice');
  const places = order.length * started.options.repeats;
  const column = (): VariantColumn => ({
    state: new Uint8Array(places),
    prediction: new Int32Array(places).fill(-1),
    usage: { inputTokens: null, outputTokens: null, cost: null, unpriced: 0, calls: 0, reused: 0, elapsedMs: [] },
  });
  return {
    started,
    order,
    indexOf,
    labels: Array.from(order, () => undefined),
    clusters: Array.from(order, () => null),
    columns: new Map(started.variants.map((variant) => [variant.name, column()])),
    texts: [],
    numberOf: new Map(),
    repeatOf: new Map(),
    failures: [],
    repeated: 0,
  };
}

/** @throws RiskflowError `internal` for a row that is not of this evaluation: unknown sample, variant, repeat, or another label. */
export function addResult(table: ResultTable, row: EvaluationResult): void {
  const column = table.columns.get(row.variant);
  const sample = table.indexOf.get(row.sampleId);
  if (column === undefined) throw broken(`a result names the variant "${row.variant}", which this evaluation does not have`);
  if (sample === undefined) throw broken(`a result names the sample "${row.sampleId}", which is not in the set version`);
  const place = sample * table.started.options.repeats + repeatNumber(table, row.repeat);
  if (column.state[place] !== ResultState.missing) return void table.repeated++;
  const label = table.labels[sample];
  if (label !== undefined && label !== row.label) throw broken(`results of the sample "${row.sampleId}" have two labels`);
  table.labels[sample] = row.label;
  table.clusters[sample] = row.cluster;
  column.state[place] = row.error !== null ? ResultState.failed : row.correct ? ResultState.right : ResultState.wrong;
  if (row.error === null && row.prediction !== null) column.prediction[place] = textNumber(table, row.prediction);
  if (row.error !== null) table.failures.push({ sampleId: row.sampleId, variant: row.variant, repeat: row.repeat, error: cut(row.error) });
  addUsage(column.usage, row);
}

function addUsage(usage: UsageTotals, row: EvaluationResult): void {
  usage.inputTokens = sum(usage.inputTokens, row.inputTokens);
  usage.outputTokens = sum(usage.outputTokens, row.outputTokens);
  usage.cost = sum(usage.cost, row.cost);
  if (row.calls > 0 && row.cost === null) usage.unpriced++;
  usage.calls += row.calls;
  usage.reused += row.reused;
  if (row.reused === 0) usage.elapsedMs.push(row.elapsedMs);
}

const sum = (total: number | null, more: number | null): number | null => (more === null ? total : (total ?? 0) + more);

function repeatNumber(table: ResultTable, repeat: number): number {
  const known = table.repeatOf.get(repeat);
  if (known !== undefined) return known;
  const next = table.repeatOf.size;
  if (next >= table.started.options.repeats) throw broken(`a result is of repeat ${repeat}, one more than this evaluation has`);
  table.repeatOf.set(repeat, next);
  return next;
}

function textNumber(table: ResultTable, text: string): number {
  const known = table.numberOf.get(text);
  if (known !== undefined) return known;
  table.numberOf.set(text, table.texts.length);
  return table.texts.push(text) - 1;
}

const LONGEST_ERROR = 500;
const cut = (error: string): string => (error.length > LONGEST_ERROR ? `${error.slice(0, LONGEST_ERROR)}…` : error);
const broken = (message: string): RiskflowError => new RiskflowError(ErrorCode.internal, message);
