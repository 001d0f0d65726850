import type { Plan } from '../../flow/index.ts';
import type { RunStarted } from '../../schemas/index.ts';
import { loadPlan } from '../commands/flows.ts';
import type { Context } from '../context.ts';

/**
 * Gives the plans that runs were begun with, each loaded once. The latest version may be another one by now, but a run whose effects have
 * results must be found under its own.
 */
export function planCache(context: Context): (begun: RunStarted['data']) => Promise<Plan> {
  const plans = new Map<string, Promise<Plan>>();
  return ({ flowVersion, planVersion }) => {
    const name = `${planVersion} ${flowVersion}`;
    const known = plans.get(name) ?? loadPlan(context, flowVersion, planVersion);
    plans.set(name, known);
    return known;
  };
}
