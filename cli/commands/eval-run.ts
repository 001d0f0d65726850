import type { Command } from 'commander';
import type { EvaluationSummary } from '../../schemas/core.ts';
import type { EvaluationRequest, HostedOptions, VariantRequest } from '../../runtime/index.ts';
import { findFlow, readFlowFile, type NamedFlow } from '../flow-reference.ts';
import { listenForInterruption } from '../interruption.ts';
import { modelMapsOf } from '../options/model-map.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, pinsOf, readPins } from '../options/pins.ts';
import { checkWritable } from '../read-text-file.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { hostOf } from '../options/shared.ts';
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
  readonly on?: string;
};

export async function runEvaluation(session: Session, command: Command): Promise<number> {
  const options = command.opts<RunOptions>();
  const on = hostOf(options.on) ?? 'here';
  const pins = options.pin === undefined ? {} : await readPins(session.terminal, options.pin);
  const report = await reportPath(session, options.report);
  const references = referencesOf(options);
  const files = new Map<string, NamedFlow>();
  for (const reference of references.values()) {
    const file = await readFlowFile(reference);
    if (file !== undefined) files.set(reference, file);
  }
  return withApp(session, async (work) => {
    const flows = await findFlows(work, { references, files });
    checkPins(
      pins,
      [...flows.values()].flatMap((flow) => flow.nodes),
    );
    const modelMaps = modelMapsOf(
      Array.from(flows.values(), (flow) => flow.plan),
      options.mapModel ?? {},
    );
    const variants = Array.from(references, ([name, flow], i): VariantRequest => ({
      name,
      flow,
      modelMap: modelMaps[i] ?? {},
      pins: pinsOf(flows.get(name)?.nodes ?? [], pins),
    }));
    const request = requestOf(work, options, variants);
    return evaluate(session, work, {
      report,
      warnings: worthKnowing(flows, options.mapModel ?? {}),
      start: (evaluation) => work.runtime.evaluateOn(work.context, request, { ...evaluation, on }),
    });
  });
}

const referencesOf = ({ a, b, variant = {} }: RunOptions): ReadonlyMap<string, string> =>
  new Map([['A', a], ['B', b], ...Object.entries(variant)]);

type Look = { readonly references: ReadonlyMap<string, string>; readonly files: ReadonlyMap<string, NamedFlow> };

/** The flow of each variant. Nothing is written. */
async function findFlows(work: Work, { references, files }: Look): Promise<ReadonlyMap<string, NamedFlow>> {
  const flows = new Map<string, NamedFlow>();
  for (const [name, reference] of references) flows.set(name, files.get(reference) ?? (await findFlow(work, reference)));
  return flows;
}

/** Sentences for the user once the evaluation has begun: a mistake is told alone. */
const worthKnowing = (flows: ReadonlyMap<string, NamedFlow>, modelMap: Pairs): readonly string[] => [
  ...Array.from(flows, ([name, flow]) => flow.warnings.map((warning) => `variant ${name}: ${warning}`)).flat(),
  ...Object.entries(modelMap).map(([from, to]) => `model ${from} is replaced by ${to}`),
];

function requestOf({ runtime }: Work, options: RunOptions, variants: readonly VariantRequest[]): EvaluationRequest {
  const { samples, positive = null, predict = null, map = {}, reuse } = options;
  const defaults = runtime.EVALUATION_DEFAULTS;
  return {
    variants,
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

export async function resumeEvaluation(session: Session, command: Command): Promise<number> {
  const [id = ''] = command.args;
  const { concurrency, report: wanted, on: where } = command.opts<{ concurrency?: number; report?: string; on?: string }>();
  const on = hostOf(where);
  const report = await reportPath(session, wanted);
  return withApp(session, (work) =>
    evaluate(session, work, {
      report,
      warnings: [],
      start: (evaluation) =>
        work.runtime.goOnWithEvaluation(work.context, id, {
          ...evaluation,
          ...(on === undefined ? {} : { on }),
          ...(concurrency === undefined ? {} : { concurrency }),
        }),
    }),
  );
}

const reportPath = async (session: Session, path: string | undefined): Promise<string | null> =>
  path === undefined ? null : checkWritable(session.terminal, { option: '--report', path });

type Evaluation = {
  readonly report: string | null;
  readonly warnings: readonly string[];
  readonly start: (options: HostedOptions) => Promise<EvaluationSummary>;
};

/** Runs it to its verdict. Interrupted, it says how to go on. @returns the exit code of the verdict */
async function evaluate(session: Session, work: Work, { report, warnings, start }: Evaluation): Promise<number> {
  let id: string | undefined;
  let onTemporal = false;
  const interruption = listenForInterruption(() => {
    if (id === undefined) return { sentence: 'the evaluation was interrupted before it began', hint: 'run it again' };
    if (!onTemporal)
      return { sentence: `evaluation ${id} was interrupted; what is done is stored`, hint: `go on with: riskflow eval resume ${id}` };
    return {
      sentence: `nobody follows evaluation ${id} any more; Temporal goes on with it`,
      hint: `follow it with: riskflow eval resume ${id}; stop it with: riskflow eval cancel ${id}`,
    };
  });
  try {
    const { onProgress } = session;
    const summary = await start({
      signal: interruption.signal,
      onProgress,
      report,
      onWaiting: session.notice,
      leaveWhenPaused: true,
      onStarted: ({ evaluationId, set, split, setVersion, n, variants, options, host }) => {
        id = evaluationId;
        onTemporal = host === 'temporal';
        for (const warning of warnings) session.warn(warning);
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
