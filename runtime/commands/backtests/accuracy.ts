import { summarize, type EvaluationResult } from '../../../evaluation/index.ts';
import type { ArrivedRecord, DecisionRow, EvaluationDifference, EvaluationStarted, VariantSummary } from '../../../schemas/index.ts';
import { isDecided } from '../../streams/deciding/record-decision.ts';

/** A record that says what it is (null: it does not), and what two flows said. */
export type LabelledPair = {
  readonly record: Pick<ArrivedRecord, 'recordId' | 'subject'>;
  readonly truth: string | null;
  readonly live: DecisionRow;
  readonly backtest: DecisionRow;
};

type Side = Pick<VariantSummary, 'accuracy' | 'accuracyInterval' | 'correct' | 'n' | 'errors' | 'macroF1' | 'classes' | 'confusion'>;

/** As `eval run` counts: a decision that failed is wrong, and the interval is Newcombe's, or cluster-robust where subjects come again. */
export type Accuracies = {
  readonly labelled: number;
  readonly unlabelled: number;
  readonly live: Side;
  readonly backtest: Side;
  readonly difference: Pick<EvaluationDifference, 'estimate' | 'low' | 'high' | 'p' | 'test' | 'n' | 'clusters'>;
};

const [LIVE, BACKTEST] = ['live', 'backtest'] as const;

/** How often either is right, and the difference with its interval; null when no record has a label. */
export function compareAccuracy(
  pairs: readonly LabelledPair[],
  flows: { readonly live: string; readonly backtest: string; readonly flowVersion: string },
): Accuracies | null {
  const known = pairs.filter(({ truth }) => truth !== null);
  if (known.length === 0) return null;
  const subjects = new Set(known.map(({ record }) => record.subject ?? record.recordId));
  const areIndependent = subjects.size === known.length;
  const rows = known.flatMap(({ record, truth, live, backtest }) => {
    const cluster = areIndependent ? null : record.subject;
    return [
      resultOf(LIVE, live, { recordId: record.recordId, truth, cluster }),
      resultOf(BACKTEST, backtest, { recordId: record.recordId, truth, cluster }),
    ];
  });
  const summary = summarize(startedOf(known.length, flows), rows, {
    order: known.map(({ record }) => record.recordId),
    status: 'judged',
    report: null,
  });
  const { live, backtest } = summary.variants;
  const { difference } = summary;
  if (live === undefined || backtest === undefined || difference === null) return null;
  const { estimate, low, high, p, test, n, clusters } = difference;
  return {
    labelled: known.length,
    unlabelled: pairs.length - known.length,
    live: sideOf(live),
    backtest: sideOf(backtest),
    difference: { estimate, low, high, p, test, n, clusters },
  };
}

const sideOf = ({ accuracy, accuracyInterval, correct, n, errors, macroF1, classes, confusion }: VariantSummary): Side => ({
  accuracy,
  accuracyInterval,
  correct,
  n,
  errors,
  macroF1,
  classes,
  confusion,
});

type Truth = { readonly recordId: string; readonly truth: string | null; readonly cluster: string | null };

function resultOf(variant: string, decision: DecisionRow, { recordId, truth, cluster }: Truth): EvaluationResult {
  const { status, error, label, tokens, cost, elapsedMs } = decision;
  const decided = isDecided(status);
  return {
    sampleId: recordId,
    variant,
    repeat: 0,
    label: truth,
    prediction: decided ? label : null,
    correct: decided && label !== null && label === truth,
    error: decided ? null : (error ?? status),
    cluster,
    inputTokens: tokens?.input ?? null,
    outputTokens: tokens?.output ?? null,
    cost,
    calls: 0,
    reused: 0,
    elapsedMs: elapsedMs ?? 0,
  };
}

/** An evaluation of the two, as the statistics want it. */
function startedOf(
  n: number,
  { live, backtest, flowVersion }: { readonly live: string; readonly backtest: string; readonly flowVersion: string },
): EvaluationStarted['data'] {
  const variant = { fileName: null, modelMap: {}, pins: {}, artifacts: {} };
  return {
    evaluationId: 'backtest',
    set: 'records',
    split: null,
    setVersion: '',
    n,
    variants: [
      { ...variant, name: LIVE, flow: live, flowVersion: '' },
      { ...variant, name: BACKTEST, flow: backtest, flowVersion },
    ],
    options: {
      concurrency: 1,
      repeats: 1,
      metric: 'accuracy',
      margin: 0.01,
      maxErrors: 1,
      seed: 1,
      predict: null,
      positive: null,
      inputMap: {},
      reuse: false,
    },
    notes: [],
    at: 0,
  };
}
