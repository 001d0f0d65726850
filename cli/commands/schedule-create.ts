import type { Command } from 'commander';
import { RiskflowError, type OverlapPolicy, type ScheduledWindow, type ScheduleTiming } from '../../schemas/core.ts';
import type { EvaluationRequest, ScheduleRequest, VariantRequest, WorkRequest } from '../../runtime/index.ts';
import { findFlow, readFlowFile, type NamedFlow } from '../flow-reference.ts';
import { readDuration, readMoment } from '../options/durations.ts';
import { readInputs } from '../options/flow-inputs.ts';
import { modelMapsOf } from '../options/model-map.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, pinsOf, readPins, type Pins } from '../options/pins.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { printView } from './schedule-reads.ts';

export const SCHEDULE_DEFAULTS = { timezone: 'UTC', jitter: '0s', overlap: 'skip', catchup: '10m' } as const;
/** Temporal takes nothing shorter. */
const SHORTEST_CATCHUP_MS = 10_000;

type CreateOptions = {
  readonly every?: string;
  readonly offset?: string;
  readonly cron?: string;
  readonly timezone?: string;
  readonly jitter?: string;
  readonly overlap: OverlapPolicy;
  readonly catchup?: string;
  readonly until?: string;
  readonly paused?: boolean;
  readonly flow?: string;
  readonly inputs?: string;
  readonly query?: string;
  readonly window?: string;
  readonly mapModel?: Pairs;
  readonly pin?: string;
} & EvaluationOptions;

type EvaluationOptions = {
  readonly a?: string;
  readonly b?: string;
  readonly variant?: Pairs;
  readonly samples?: string;
  readonly positive?: string;
  readonly concurrency?: number;
  readonly repeats?: number;
  readonly metric?: string;
  readonly margin?: number;
  readonly maxErrors?: number;
  readonly seed?: number;
  readonly predict?: string;
  readonly map?: Pairs;
  readonly reuse: boolean;
};

export async function createSchedule(session: Session, command: Command): Promise<number> {
  const [schedule = ''] = command.args;
  const options = command.opts<CreateOptions>();
  const times = timesOf(options);
  const kind = kindOf(command, options);
  const pins = options.pin === undefined ? {} : await readPins(session.terminal, options.pin);
  const workOf = kind === 'run' ? await runWork(session, options, pins) : evaluationWork(options, pins);
  return withApp(session, async (work) => {
    const { runtime, context } = work;
    const request: ScheduleRequest = { schedule, ...times, paused: options.paused ?? false, work: await workOf(work) };
    const schedules = await runtime.openSchedules(context);
    try {
      const { isNew } = await runtime.createAppSchedule(context, schedules, request);
      const view = await schedules.describe(schedule, 1);
      if (!session.json) {
        session.notice(isNew ? `schedule ${schedule} is created` : `schedule ${schedule} was there already, just so`);
        const lack = await runtime.schedulesLack(context);
        if (lack !== null) session.notice(lack);
      }
      printView(session, work, view, { isNew });
      return 0;
    } finally {
      await schedules.close();
    }
  });
}

function timesOf(options: CreateOptions): Pick<ScheduleRequest, 'timing' | 'jitterMs' | 'overlap' | 'catchupMs' | 'until'> {
  const catchupMs = readDuration('--catchup', options.catchup ?? SCHEDULE_DEFAULTS.catchup);
  if (catchupMs < SHORTEST_CATCHUP_MS) throw new RiskflowError('usage', '--catchup must be 10s at least');
  return {
    timing: timingOf(options),
    jitterMs: readDuration('--jitter', options.jitter ?? SCHEDULE_DEFAULTS.jitter),
    overlap: options.overlap,
    catchupMs,
    until: options.until === undefined ? null : readMoment('--until', options.until),
  };
}

function timingOf({ every, offset, cron, timezone }: CreateOptions): ScheduleTiming {
  if ((every === undefined) === (cron === undefined)) {
    throw new RiskflowError('usage', `schedule create needs ${every === undefined ? '' : 'only one of '}--every SPAN or --cron FIELDS`, {
      hint: "such as --every 15m, or --cron '0 3 * * *' --timezone Europe/Berlin",
    });
  }
  if (every !== undefined) {
    if (timezone !== undefined) throw new RiskflowError('usage', '--timezone is for --cron: an interval is the same everywhere');
    return {
      kind: 'every',
      everyMs: readDuration('--every', every),
      offsetMs: offset === undefined ? 0 : readDuration('--offset', offset),
    };
  }
  if (offset !== undefined) throw new RiskflowError('usage', '--offset is for --every: a cron expression names its times');
  return { kind: 'cron', expression: cron ?? '', timezone: timezone ?? SCHEDULE_DEFAULTS.timezone };
}

const FOR_RUNS = ['inputs', 'query', 'window'];
const FOR_EVALUATIONS = [
  'b',
  'variant',
  'samples',
  'positive',
  'concurrency',
  'repeats',
  'metric',
  'margin',
  'maxErrors',
  'seed',
  'predict',
];

function kindOf(command: Command, { flow, a, b, samples }: CreateOptions): 'run' | 'evaluation' {
  if ((flow === undefined) === (a === undefined)) {
    throw new RiskflowError('usage', `schedule create needs ${flow === undefined ? '' : 'only one of '}--flow FLOW or --a FLOW`, {
      hint: 'what is run: --flow FLOW; what is evaluated: --a FLOW --b FLOW --samples SET',
    });
  }
  const kind = flow === undefined ? 'evaluation' : 'run';
  const others = kind === 'run' ? [...FOR_EVALUATIONS, 'map', 'reuse'] : FOR_RUNS;
  const wrong = command.options.find(
    (each) => others.includes(each.attributeName()) && command.getOptionValueSource(each.attributeName()) === 'cli',
  );
  if (wrong !== undefined)
    throw new RiskflowError('usage', `${wrong.long ?? ''} cannot be given with ${kind === 'run' ? '--flow' : '--a'}`);
  if (kind === 'evaluation' && (b === undefined || samples === undefined))
    throw new RiskflowError('usage', `an evaluation needs ${b === undefined ? '--b FLOW' : '--samples SET'} too`);
  return kind;
}

type WorkOf = (work: Work) => Promise<WorkRequest>;

async function runWork(session: Session, options: CreateOptions, pins: Pins): Promise<WorkOf> {
  const { flow = '', query = null, mapModel: modelMap = {} } = options;
  const inputs = await readInputs(session.terminal, options.inputs ?? '{}');
  const file = await readFlowFile(flow);
  return async (work) => {
    const named = file ?? (await findFlow(work, flow));
    checkPins(pins, named.nodes);
    for (const warning of named.warnings) session.warn(warning);
    return {
      kind: 'run',
      flow,
      inputs,
      query,
      pins,
      modelMap,
      ...(options.window === undefined ? {} : { window: windowOf(options.window) }),
    };
  };
}

/** `SOURCE` or `SOURCE:15m`. */
function windowOf(text: string): ScheduledWindow {
  const at = text.lastIndexOf(':');
  if (at === -1) return { sourceId: text, windowMinutes: null };
  const minutes = readDuration('--window', text.slice(at + 1)) / 60_000;
  if (!Number.isInteger(minutes)) throw new RiskflowError('usage', '--window must be whole minutes', { hint: 'such as reports:15m' });
  return { sourceId: text.slice(0, at), windowMinutes: minutes };
}

const evaluationWork =
  (options: CreateOptions, pins: Pins): WorkOf =>
  async (work) => {
    const { a = '', b = '', variant = {} } = options;
    const references = [['A', a], ['B', b], ...Object.entries(variant)] as const;
    const flows: NamedFlow[] = [];
    for (const [, reference] of references) flows.push((await readFlowFile(reference)) ?? (await findFlow(work, reference)));
    checkPins(
      pins,
      flows.flatMap((flow) => flow.nodes),
    );
    const maps = modelMapsOf(
      flows.map((flow) => flow.plan),
      options.mapModel ?? {},
    );
    const variants = references.map(([name, flow], i): VariantRequest => ({
      name,
      flow,
      modelMap: maps[i] ?? {},
      pins: pinsOf(flows[i]?.nodes ?? [], pins),
    }));
    return { kind: 'evaluation', evaluation: evaluationOf(work, options, variants) };
  };

function evaluationOf({ runtime }: Work, options: EvaluationOptions, variants: readonly VariantRequest[]): EvaluationRequest {
  const { samples = '', positive = null, predict = null, map: inputMap = {}, reuse } = options;
  const defaults = runtime.EVALUATION_DEFAULTS;
  const numbers = {
    concurrency: options.concurrency ?? defaults.concurrency,
    repeats: options.repeats ?? defaults.repeats,
    margin: options.margin ?? defaults.margin,
    maxErrors: options.maxErrors ?? defaults.maxErrors,
    seed: options.seed ?? defaults.seed,
  };
  return { variants, samples, metric: options.metric ?? defaults.metric, ...numbers, predict, positive, inputMap, reuse };
}
