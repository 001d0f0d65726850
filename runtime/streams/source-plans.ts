import { compileMapping } from '../../connectors/index.ts';
import { modelsOf, type Plan } from '../../flow/index.ts';
import { RiskflowError, type ModelRouter, type SourceSettings, type StageFlow } from '../../schemas/index.ts';
import { loadPlan } from '../commands/flows.ts';
import type { Context } from '../context.ts';
import type { StagePlans } from './deciding/choose-stage.ts';
import type { RecordReading } from './deciding/record-inputs.ts';
import type { SourceState } from './source-state.ts';

/** The plans of the versions that a source's stages name, or of the latest there are now. */
export async function loadStagePlans(context: Context, { live, canary, shadow }: SourceState): Promise<StagePlans> {
  return {
    live: await planOfStage(context, live),
    canary: canary === null ? null : { plan: await planOfStage(context, canary.flow), share: canary.share },
    shadow: shadow === null ? null : await planOfStage(context, shadow),
  };
}

/** The plan of a pinned version, or of the latest there is now. */
export async function planOfStage(context: Context, { flow, flowVersion }: StageFlow): Promise<Plan> {
  if (flowVersion !== null) return loadPlan(context, flowVersion);
  await context.storage.projections.catchUp(context.workspaceId);
  const latest = (await context.storage.read.flowVersions(context.workspaceId, flow)).at(-1);
  if (latest === undefined) throw new RiskflowError('not_found', `the flow "${flow}" has no version`);
  return loadPlan(context, latest.version);
}

/** How a source's records are read. @throws RiskflowError when its settings do not compile, which their check has made sure of */
export function readingOf({ sourceId, settings }: SourceState): RecordReading {
  const compiled = compileMapping(settings.record);
  if (compiled.ok) return { mapping: compiled.mapping, settings: settings.record };
  const [first] = compiled.problems;
  throw new RiskflowError('invalid_input', `source "${sourceId}": ${first?.where ?? 'record'}: ${first?.message ?? 'it cannot be used'}`, {
    hint: first?.hint ?? 'mend its settings: riskflow source configure',
  });
}

/**
 * A missing key or an unknown model must show up before a thousand records have failed by it, and a budget in USD that nothing would count to
 * before it is overspent. @throws RiskflowError that names the node
 */
export async function checkModels(plans: StagePlans, models: ModelRouter, { decide }: Pick<SourceSettings, 'decide'>): Promise<void> {
  const needsPrice = decide.budget?.usdPerDay !== undefined;
  for (const plan of [plans.live, plans.canary?.plan, plans.shadow]) {
    if (plan === undefined || plan === null) continue;
    for (const { node, model } of modelsOf(plan, {})) {
      const resolved = await models.resolve(model);
      const where = `node "${node.title}" of flow "${plan.flow}"`;
      if (resolved.kind === 'none') throw new RiskflowError(resolved.code, `${where}: ${resolved.message}`, { hint: resolved.hint });
      if (!needsPrice || resolved.kind !== 'chat' || resolved.hasPrice) continue;
      throw new RiskflowError(
        'usage',
        `${where}: the model ${model.provider}/${model.name} has no price, so that the budget in USD (decide.budget.usdPerDay) could not be kept`,
        {
          hint: 'write its price under prices: in the configuration (0 where it costs nothing), or set decide.budget.tokensPerDay instead',
        },
      );
    }
  }
}
