import type { Command } from 'commander';
import type { EvaluationSummary } from '../../schemas/core.ts';
import type { EvaluateOptions, EvaluationRequest, VariantRequest } from '../../runtime/index.ts';
import { readFlow } from '../flow-reference.ts';
import { listenForInterruption } from '../interruption.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, readPins, type Pins } from '../options/pins.ts';
import { checkWritable } from '../read-text-file.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { printEvaluation } from './eval-reads.ts';

type RunOptions = {
  readonly a: string;
  readonly b: string;
  readonly variant?: Pairs;
  readonly samples: string;
  readonly positive?: string;
  readonly concurrency?: number;
  readonly repeats?: number;
  readonly metric?: string;
  readonly margin?: number;
  readonly maxErrors?: number;
  readonly seed?: number;
  readonly predict?: string;
  readonly map?: Pairs;
  readonly mapModel?: Pairs;
  readonly pin?: string;
  readonly reuse: boolean;
  readonly report?: string;
};

export async function runEvaluation(session: Session, command: Command): Promise<number> {
  const options = command.opts<RunOptions>();
  const pins = options.pin === undefined ? undefined : await readPins(session.terminal, options.pin);
  const report = await reportPath(session, options.report);
  return withApp(session, async (work) => {
    const request = requestOf(work, options, pins);
    await lookAtFlows(session, work, request);
    return evaluate(session, work, { report, start: (evaluation) => work.runtime.runEvaluation(work.context, request, evaluation) });
  });
}

function requestOf({ runtime }: Work, options: RunOptions, pins: Pins | undefined): EvaluationRequest {
  const { a, b, variant = {}, samples, positive = null, predict = null, map = {}, mapModel = {}, reuse } = options;
  const defaults = runtime.EVALUATION_DEFAULTS;
  const flows = [['A', a], ['B', b], ...Object.entries(variant)] as const;
  return {
    variants: flows.map(([name, flow]): VariantRequest => ({ name, flow, modelMap: mapModel, ...(pins === undefined ? {} : { pins }) })),
    samples,
    concurrency: options.concurrency ?? defaults.concurrency,
    repeats: options.repeats ?? defaults.repeats,
    metric: options.metric ?? defaults.metric,
    margin: options.margin ?? defaults.margin,
    maxErrors: options.maxErrors ?? defaults.maxErrors,
    seed: options.seed ?? defaults.seed,
    predict,
    positive,
    inputMap: map,
    reuse,
  };
}

/** Finds what is wrong with the files before anything is written, and tells what their import warns of. */
async function lookAtFlows(session: Session, work: Work, { variants }: EvaluationRequest): Promise<void> {
  const flows = [];
  for (const variant of variants) {
    const flow = await readFlow(work, variant.flow);
    for (const warning of flow.warnings) session.warn(`variant ${variant.name}: ${warning}`);
    flows.push(flow);
  }
  checkPins(
    variants[0]?.pins ?? {},
    flows.flatMap((flow) => flow.nodes),
  );
  for (const [from, to] of Object.entries(variants[0]?.modelMap ?? {})) session.notice(`model ${from} is replaced by ${to}`);
}

export async function resumeEvaluation(session: Session, command: Command): Promise<number> {
  const [id = ''] = command.args;
  const { concurrency, report: wanted } = command.opts<{ concurrency?: number; report?: string }>();
  const report = await reportPath(session, wanted);
  return withApp(session, (work) =>
    evaluate(session, work, {
      report,
      start: (evaluation) =>
        work.runtime.resumeEvaluation(work.context, id, { ...evaluation, ...(concurrency === undefined ? {} : { concurrency }) }),
    }),
  );
}

const reportPath = async (session: Session, path: string | undefined): Promise<string | null> =>
  path === undefined ? null : checkWritable(session.terminal, { option: '--report', path });

type Evaluation = { readonly report: string | null; readonly start: (options: EvaluateOptions) => Promise<EvaluationSummary> };

/** Runs it to its verdict. Interrupted, it says how to go on. @returns the exit code of the verdict */
async function evaluate(session: Session, work: Work, { report, start }: Evaluation): Promise<number> {
  let id: string | undefined;
  const interruption = listenForInterruption(() =>
    id === undefined
      ? { sentence: 'the evaluation was interrupted before it began', hint: 'run it again' }
      : { sentence: `evaluation ${id} was interrupted; what is done is stored`, hint: `go on with: riskflow eval resume ${id}` },
  );
  try {
    const { onProgress } = session;
    const summary = await start({
      signal: interruption.signal,
      onProgress,
      report,
      onStarted: ({ evaluationId, set, split, setVersion, n, variants, options }) => {
        id = evaluationId;
        const repeats = options.repeats === 1 ? '' : ` × ${options.repeats} repeats`;
        session.notice(
          `evaluation ${evaluationId}: ${n} samples × ${variants.length} variants${repeats}; if it is interrupted: riskflow eval resume ${evaluationId}`,
        );
        session.notice(`samples ${split === null ? set : `${set}@${split}`} are version ${setVersion}`);
      },
    });
    interruption.signal.throwIfAborted();
    await printEvaluation(session, work, summary);
    return work.runtime.exitCodeOfVerdict(summary.verdict);
  } finally {
    interruption.stopListening();
  }
}
