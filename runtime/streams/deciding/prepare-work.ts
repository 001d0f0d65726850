import { storedExecutor } from '../../../activities/index.ts';
import type { Context } from '../../context.ts';
import type { HeldLease } from '../../leases.ts';
import type { Deciding } from './deciding.ts';
import { duplicateRule } from './duplicate-keys.ts';
import { planCache } from '../plan-cache.ts';
import type { RecordWork } from './record-work.ts';

/** What the records of a part are decided with, under the settings of the moment in which it is asked for. */
export function prepareWork(context: Context, { sourceId, watch, models, calls }: Deciding, lease: HeldLease): () => RecordWork {
  const resumed = new Set<string>();
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: context.effects(models),
    calls,
    mayBeStored: ({ runId }) => resumed.has(runId),
    reuseKey: () => Promise.resolve(null),
  });
  const rule = duplicateRule(context, { sourceId, onDuplicateKey: watch.view().state.settings.onDuplicateKey });
  const fixed = { context, sourceId, planOf: planCache(context), perform, resumed, rule, fence: lease.fence };
  return () => {
    const { state, reading } = watch.view();
    return { ...fixed, settings: state.settings, reading };
  };
}
