import { checkInputs, fileInput, isRootPinned, type Plan } from '../../../flow/index.ts';
import {
  encodeValues,
  isArray,
  RiskflowError,
  type Pin,
  type RunMode,
  type RunOrigin,
  type RunStarted,
  type Value,
  type Values,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { checkModelMap, modelReplacements } from '../../model-replacements.ts';

export type RunStart = {
  readonly plan: Plan;
  readonly inputs: Values;
  /** `sys.query` of a chat flow. */
  readonly query?: string;
  /**
   * Further variables of `sys`: `history`, what was said before as a list of objects `{role: user | assistant, content}`, the oldest first; `files`,
   * a list of files.
   */
  readonly system?: Values;
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly modelMap?: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly mode: RunMode;
  readonly origin: RunOrigin;
};

/** What can be wrong with a request before the run begins. @throws RiskflowError `invalid_input` or `usage` */
export function checkRun(context: Context, start: Pick<RunStart, 'plan' | 'inputs' | 'modelMap' | 'pins'>): void {
  checkModelMap([start.plan], start.modelMap ?? {}, context.settings);
  checkedInputs(start);
}

/** The first event of a run, its inputs checked. @throws RiskflowError `invalid_input`. */
export function startRun(context: Pick<Context, 'now' | 'secrets' | 'workspaceId' | 'actor' | 'settings'>, start: RunStart): RunStarted {
  const { plan, runId } = start;
  const inputs = checkedInputs(start);
  const at = context.now();
  const system = new Map<string, Value>([
    ['user_id', context.actor],
    ['app_id', plan.flow],
    ['workflow_id', plan.flowVersion],
    ['workflow_run_id', runId],
    ['timestamp', Math.floor(at / 1000)],
    ['files', []],
  ]);
  if (plan.mode === 'advanced-chat' || start.query !== undefined) {
    system.set('query', start.query ?? '');
    system.set('conversation_id', runId);
    system.set('dialogue_count', 1);
  }
  for (const [name, value] of start.system ?? []) system.set(name, name === 'files' ? filesOf(value, plan) : value);
  return {
    type: 'RunStarted',
    data: {
      runId,
      planVersion: plan.planVersion,
      flow: plan.flow,
      flowVersion: plan.flowVersion,
      mode: start.mode,
      origin: start.origin,
      inputs: encodeValues(inputs),
      system: encodeValues(system),
      environment: environmentOf(context, plan),
      pins: start.pins ?? {},
      modelMap: modelReplacements(plan, start.modelMap ?? {}, context.settings),
      ...limitsSet(context.settings.config.limits),
      at,
    },
  };
}

/** Only what was set: a run without settings says nothing of them. */
function limitsSet(limits: Context['settings']['config']['limits']): Pick<RunStarted['data'], 'limits'> {
  const set = Object.entries(limits ?? {}).filter(([, value]) => value !== undefined);
  return set.length === 0 ? {} : { limits: Object.fromEntries(set) };
}

function filesOf(value: Value, plan: Plan): Value {
  if (!isArray(value)) throw new RiskflowError('invalid_input', `flow "${plan.flow}": sys.files must be a list of files`);
  return value.map((item) => {
    const made = fileInput(item);
    if (!made.ok) throw new RiskflowError('invalid_input', `flow "${plan.flow}": sys.files: ${made.message}`);
    return made.file;
  });
}

function checkedInputs({ plan, inputs, pins }: Pick<RunStart, 'plan' | 'inputs' | 'pins'>): Values {
  // The start node is not executed, so nothing asks for its variables.
  if (isRootPinned(plan, pins ?? {})) return inputs;
  const checked = checkInputs(plan, inputs);
  if (!checked.ok) throw new RiskflowError('invalid_input', `flow "${plan.flow}": ${checked.message}`);
  return checked.inputs;
}

/** Variables of the environment: plain ones by value, secrets by name and version. */
function environmentOf(context: Pick<Context, 'secrets' | 'workspaceId'>, plan: Plan): RunStarted['data']['environment'] {
  return Object.fromEntries(
    Object.entries(plan.environment).map(([name, variable]) => {
      if (!('secret' in variable)) return [name, variable.value];
      return [name, { $secret: [variable.secret, context.secrets.version(context.workspaceId, variable.secret) ?? 'unset'] }];
    }),
  );
}
