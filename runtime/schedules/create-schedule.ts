import {
  encodeValues,
  type NewSchedule,
  type Pin,
  type Schedules,
  type ScheduledEvaluation,
  type ScheduledRun,
  type ScheduledWindow,
  type ScheduledVariant,
  type ScheduleSettings,
  type Values,
} from '../../schemas/index.ts';
import { prepareEvaluation } from '../commands/evaluations/evaluation-prepare.ts';
import { resolveFlow, type EvaluationRequest } from '../commands/evaluations/evaluation-request.ts';
import { checkRun } from '../commands/runs/run-start.ts';
import type { Context } from '../context.ts';
import { checkScheduleName } from './schedule-ledger.ts';
import { scheduledWindow } from './scheduled-window.ts';
import { checkTimes } from './timing.ts';

/** What a schedule is to do, as people name it. A flow is FLOW (its latest version each time), FLOW:VERSION, or a file: the version in it. */
export type WorkRequest =
  | {
      readonly kind: 'run';
      readonly flow: string;
      readonly inputs: Values;
      readonly query: string | null;
      readonly pins: Readonly<Record<string, Pin>>;
      readonly modelMap: Readonly<Record<string, string>>;
      readonly window?: ScheduledWindow;
    }
  | { readonly kind: 'evaluation'; readonly evaluation: EvaluationRequest };

export type ScheduleRequest = Omit<ScheduleSettings, 'work'> & {
  readonly schedule: string;
  readonly paused: boolean;
  readonly work: WorkRequest;
};

/**
 * Creates a schedule after everything that can be wrong with its work was looked at: what would fail each night fails now. Files become
 * versions of their flows. @throws RiskflowError
 */
export async function createAppSchedule(
  context: Context,
  schedules: Schedules,
  { schedule, paused, work, ...times }: ScheduleRequest,
): Promise<NewSchedule & { readonly isNew: boolean }> {
  checkScheduleName(schedule);
  checkTimes(times, context.now());
  const settled = work.kind === 'run' ? await settleRun(context, work) : await settleEvaluation(context, work.evaluation);
  const wanted = { schedule, settings: { ...times, work: settled }, paused };
  return { ...wanted, ...(await schedules.create(wanted)) };
}

async function settleRun(context: Context, work: Extract<WorkRequest, { readonly kind: 'run' }>): Promise<ScheduledRun> {
  const { inputs, query, pins, modelMap, window } = work;
  const { plan, publish } = await resolveFlow(context, work.flow);
  const shown = window === undefined ? inputs : new Map([...inputs, ...(await scheduledWindow(context, window))]);
  checkRun(context, { plan, inputs: shown, modelMap, pins });
  await publish();
  return {
    kind: 'run',
    ...flowOf(work.flow, plan),
    inputs: encodeValues(inputs),
    query,
    pins,
    modelMap,
    ...(window === undefined ? {} : { window }),
  };
}

async function settleEvaluation(context: Context, request: EvaluationRequest): Promise<ScheduledEvaluation> {
  const prepared = await prepareEvaluation(context, request, context.models());
  const variants = request.variants.map(({ name, flow, modelMap = {}, pins = {} }): ScheduledVariant => {
    const variant = prepared.variants.find((each) => each.name === name);
    return { name, ...flowOf(flow, { flow: variant?.flow ?? flow, flowVersion: variant?.flowVersion ?? '' }), modelMap, pins };
  });
  return { kind: 'evaluation', variants, samples: request.samples, options: prepared.options };
}

const flowOf = (
  reference: string,
  { flow, flowVersion }: { readonly flow: string; readonly flowVersion: string },
): Pick<ScheduledRun, 'flow' | 'flowVersion'> => ({ flow, flowVersion: reference === flow ? null : flowVersion });
