import { RiskflowError, type RolloutStage, type StageFlow } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { refuseActing } from '../../streams/deciding/acting-nodes.ts';
import { checkModels, planOfStage } from '../../streams/source-plans.ts';
import { readSourceState, writeSourceEvents, type SourceState } from '../../streams/source-state.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { refuseProblems, settingProblems, waitProblems } from './source-settings.ts';

export type PromoteRequest = {
  readonly sourceId: string;
  /** FLOW, FLOW:VERSION, or a flow file, which is published. */
  readonly flow: string;
  readonly stage: RolloutStage;
  /** Of the subjects, for a canary. */
  readonly share?: number;
  readonly reason: string;
};
export type Promoted = {
  readonly stage: RolloutStage;
  readonly flow: string;
  readonly flowVersion: string;
  readonly before: StageFlow | null;
};

/** Lets a version decide at a stage of a source from now on: always this version, also where the latest was named. */
export async function promoteFlow(
  context: Context,
  { sourceId, flow: reference, stage, share, reason }: PromoteRequest,
): Promise<Promoted> {
  if (stage === 'canary' && (share === undefined || share <= 0 || share > 1))
    throw new RiskflowError('usage', 'a canary needs a share of the subjects above 0 and at most 1', { hint: 'such as --share 0.1' });
  const state = await readSourceState(context, sourceId);
  const { plan, publish } = await resolveFlow(context, reference);
  if (stage === 'shadow') {
    const pins = '{"NODE_ID": {"outputs": {…}}}';
    const helps = (): string =>
      `try it on stored records with results given: riskflow backtest ${sourceId} --flow ${reference} --pin PINS.json, with ${pins} in it; or for a small share: --to canary --share 0.01`;
    refuseActing('a shadow', { plan }, helps);
  }
  refuseProblems(`flow "${plan.flow}" does not fit source "${sourceId}"`, [
    ...waitProblems(plan),
    ...(await settingProblems(sourceId, state.settings, plan)).filter(({ where }) => where.startsWith('record.inputs')),
  ]);
  await checkModels({ live: plan, canary: null, shadow: null }, context.models(), state.settings);
  const { flow, flowVersion } = plan;
  const isThere = stage === 'live' && state.live.flow === flow && state.live.flowVersion === flowVersion;
  if (isThere && stagesOver(stage, state, flowVersion).length === 0) return { stage, flow, flowVersion, before: state.live };
  const { live, ...pinned } = await pinLive(context, state, reason);
  await publish();
  const before = stage === 'live' ? live : stage === 'canary' ? (state.canary?.flow ?? null) : state.shadow;
  const change = { sourceId, isRollback: false, reason, at: context.now() };
  await writeSourceEvents(
    context,
    sourceId,
    [
      {
        type: 'SourceFlowSet',
        data: { ...change, stage, flow: { flow, flowVersion }, share: stage === 'canary' ? (share ?? null) : null },
      },
      // What was tried on some, or only looked at, is now for all.
      ...stagesOver(stage, state, flowVersion).map(
        (over) => ({ type: 'SourceFlowSet', data: { ...change, stage: over, flow: null, share: null } }) as const,
      ),
    ],
    pinned,
  );
  return { stage, flow, flowVersion, before };
}

/** The stages beside the live one that a version has passed: a shadow of the live version itself would only cost as much again. */
function stagesOver(stage: RolloutStage, { canary, shadow }: SourceState, flowVersion: string): readonly ('canary' | 'shadow')[] {
  if (stage !== 'live') return [];
  return [
    ...(canary?.flow.flowVersion === flowVersion ? (['canary'] as const) : []),
    ...(shadow?.flowVersion === flowVersion ? (['shadow'] as const) : []),
  ];
}

/**
 * From the first step of a rollout on the live flow is a version of its own: were it the latest, publishing the one to be tried would make
 * that live, and there would be nothing to go back to.
 */
async function pinLive(context: Context, state: SourceState, reason: string): Promise<Pick<SourceState, 'live' | 'version'>> {
  const { sourceId, live, version } = state;
  if (live.flowVersion !== null) return { live, version };
  const { flow, flowVersion } = await planOfStage(context, live);
  const pinned = { flow, flowVersion };
  const data = { sourceId, stage: 'live', flow: pinned, share: null, isRollback: false, reason, at: context.now() } as const;
  await writeSourceEvents(context, sourceId, [{ type: 'SourceFlowSet', data }], state);
  return { live: pinned, version: version + 1 };
}

export type RolledBack = { readonly ended: RolloutStage; readonly live: StageFlow };

/** Takes back what was promoted last: a canary ends, else the live flow is the one before it. @throws RiskflowError `conflict` when there is none */
export async function rollBackFlow(context: Context, sourceId: string, reason: string): Promise<RolledBack> {
  const state = await readSourceState(context, sourceId);
  const change = { sourceId, share: null, isRollback: true, reason, at: context.now() };
  if (state.canary !== null) {
    await writeSourceEvents(context, sourceId, [{ type: 'SourceFlowSet', data: { ...change, stage: 'canary', flow: null } }], state);
    return { ended: 'canary', live: state.live };
  }
  const earlier = state.earlierLive.at(-1);
  if (earlier === undefined) {
    throw new RiskflowError('conflict', `source "${sourceId}" has had no other live flow than "${state.live.flow}"`, {
      hint: 'the kill switch stops all flows: riskflow source kill',
    });
  }
  await planOfStage(context, earlier);
  await writeSourceEvents(context, sourceId, [{ type: 'SourceFlowSet', data: { ...change, stage: 'live', flow: earlier } }], state);
  return { ended: 'live', live: earlier };
}

/** Ends a stage beside the live one. */
export async function endStage(
  context: Context,
  sourceId: string,
  { stage, reason }: { readonly stage: 'canary' | 'shadow'; readonly reason: string },
): Promise<{ readonly changed: boolean }> {
  const state = await readSourceState(context, sourceId);
  if ((stage === 'canary' ? state.canary : state.shadow) === null) return { changed: false };
  const data = { sourceId, stage, flow: null, share: null, isRollback: false, reason, at: context.now() };
  await writeSourceEvents(context, sourceId, [{ type: 'SourceFlowSet', data }], state);
  return { changed: true };
}
