import { createCallLimiter } from '../../activities/index.ts';
import type { Context } from '../context.ts';
import { createBudget } from './budget.ts';
import type { Deciding } from './decide-part.ts';
import { createPace } from './pace.ts';
import type { SourceWatch } from './source-watch.ts';

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
): Pick<Deciding, 'sourceId' | 'watch' | 'models' | 'calls' | 'budget' | 'pace'> {
  const { sourceId, settings } = watch.view().state;
  const { concurrency = settings.decide.concurrency, shareOfRate = 1 } = options;
  return {
    sourceId,
    watch,
    models: context.models(),
    calls: createCallLimiter(concurrency),
    budget: createBudget(context, sourceId, () => watch.view().state.settings),
    pace: createPace(() => {
      const { perSecond } = watch.view().state.settings.decide;
      return perSecond === undefined ? undefined : perSecond * shareOfRate;
    }),
  };
}
