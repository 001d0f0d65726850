import { createCallLimiter } from '../../../activities/index.ts';
import { exitCodeOf, isRiskflowError, type ModelRouter } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { createBudget } from './budget.ts';
import type { Deciding } from './deciding.ts';
import { createPace } from './pace.ts';
import type { StagePlans } from './choose-stage.ts';
import { checkModels } from '../source-plans.ts';
import type { SourceView, SourceWatch } from '../source-watch.ts';

/** What the parts of a source that a process works on decide with: its models, calls in flight, budget and pace, as its settings say. */
export function decidingTools(
  context: Context,
  watch: SourceWatch,
  options: {
    /** Outside calls in flight; default: as the settings say. */
    readonly concurrency?: number | undefined;
    /** Which part of its rate is for this process. @default 1 */
    readonly shareOfRate?: number;
  } = {},
): Pick<Deciding, 'sourceId' | 'watch' | 'models' | 'lack' | 'calls' | 'budget' | 'pace'> {
  const { sourceId, settings } = watch.view().state;
  const { concurrency = settings.decide.concurrency, shareOfRate = 1 } = options;
  const models = context.models();
  return {
    sourceId,
    watch,
    models,
    lack: lackOf(watch, models),
    calls: createCallLimiter(concurrency),
    budget: createBudget(context, { sourceId, purpose: 'stream', settings: () => watch.view().state.settings }),
    pace: createPace(() => {
      const { perSecond } = watch.view().state.settings.decide;
      return perSecond === undefined ? undefined : perSecond * shareOfRate;
    }),
  };
}

/** Looks once for each state of the source: a promoted flow may ask a model whose key only the process has that promoted it. */
function lackOf(watch: SourceWatch, models: ModelRouter): Deciding['lack'] {
  let plans: StagePlans | undefined;
  let lack: Promise<string | null> = Promise.resolve(null);
  const look = async ({ state, ...view }: SourceView): Promise<string | null> => {
    try {
      await checkModels(view.plans, models, state.settings);
      return null;
    } catch (error) {
      if (!isRiskflowError(error) || exitCodeOf(error) !== 2) {
        // It may pass.
        plans = undefined;
        throw error;
      }
      return `its flows cannot be asked here: ${error.message}`;
    }
  };
  return () => {
    const view = watch.view();
    if (view.plans !== plans) {
      plans = view.plans;
      lack = look(view);
    }
    return lack;
  };
}
