import { checkInputs, startVariables } from '../../../flow/index.ts';
import { isRiskflowError, type SourceSettings } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { planOfStage } from '../../streams/source-plans.ts';
import { LONGEST_INPUT } from '../../trends/trend-window.ts';
import type { SettingProblem } from './source-settings.ts';

/** Why the flow that is to look at alerts could not do so. */
export async function alertFlowProblems(context: Context, { trends }: Pick<SourceSettings, 'trends'>): Promise<readonly SettingProblem[]> {
  const flow = trends?.onAlert;
  if (flow === undefined) return [];
  const problem = (message: string, hint: string): readonly SettingProblem[] => [{ where: 'trends.onAlert', message, hint }];
  try {
    const plan = await planOfStage(context, { flow, flowVersion: null });
    const hint = `give it a start variable "window": a paragraph of up to ${LONGEST_INPUT} characters, and no other that is required`;
    if (!startVariables(plan).some(({ name }) => name === 'window')) return problem(`flow "${flow}" has no input "window"`, hint);
    const checked = checkInputs(plan, new Map([['window', '.'.repeat(LONGEST_INPUT)]]));
    return checked.ok ? [] : problem(`flow "${flow}" cannot take a window: ${checked.message}`, hint);
  } catch (error) {
    if (!isRiskflowError(error)) throw error;
    return problem(error.message, `name a flow that is published: riskflow flow import FILE, riskflow flow list`);
  }
}
