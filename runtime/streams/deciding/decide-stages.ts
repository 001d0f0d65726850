import type { Plan } from '../../../flow/index.ts';
import type { ArrivedRecord, DecisionMade } from '../../../schemas/index.ts';
import { actingNodes, actingSentence } from './acting-nodes.ts';
import { chooseLive } from './choose-stage.ts';
import { decideRecord } from './decide-record.ts';
import type { Deciding } from './deciding.ts';
import { untilMayDecide, whatStandsIn } from './hold-up.ts';
import type { AskedRecord } from './pending-records.ts';
import { outcomeOf, runIdOf } from './record-decision.ts';
import type { RecordTask, RecordWork } from './record-work.ts';
import { decideWithoutRun, finishRecord, supersedeRecord } from './settle-record.ts';

type Deciders = {
  readonly work: RecordWork;
  readonly deciding: Deciding;
  /** Runs that an earlier owner has begun. */
  readonly begun: ReadonlySet<string>;
};

/**
 * Decides one record by the live flow, the canary or what stands in for them, and beside it by the shadow; false when it is left as it is, since
 * nothing may be decided for now.
 */
export async function decideStages(deciders: Deciders, { record, isWanted, made }: AskedRecord, signal: AbortSignal): Promise<boolean> {
  const { work, deciding, begun } = deciders;
  const { watch, sourceId, budget, pace, onDone } = deciding;
  const name = { recordId: record.recordId, mode: 'live', replay: 0 } as const;
  const mayBeBegun = begun.has(runIdOf(name));
  if (!isWanted) {
    await supersedeRecord(work, { record, name, mayBeBegun });
    onDone({ fate: 'superseded' });
    return true;
  }
  await pace.turn(signal);
  if (!(await untilMayDecide(deciding, signal))) return false;
  const { plans, state } = watch.view();
  const task: RecordTask = { record, name, mayBeBegun, ...chooseLive(plans, sourceId, record), leavesPending: plans.shadow !== null };
  const instead = await whatStandsIn(state, budget);
  const decide = () =>
    instead === null ? decideRecord(work, task, signal) : decideWithoutRun(work, { ...task, leavesPending: false }, instead);
  const live = made ?? (await decide());
  if (made === undefined) budget.note(live);
  onDone({ fate: outcomeOf(live), decision: live });
  if (plans.shadow !== null && instead === null) await decideBeside(deciders, { record, plan: plans.shadow, live }, signal);
  else if (made !== undefined) await finishRecord(work, made);
  return true;
}

type Beside = { readonly record: ArrivedRecord; readonly plan: Plan; readonly live: DecisionMade['data'] };

/** The decision of a flow that is only looked at, held against the live one. */
async function decideBeside({ work, deciding, begun }: Deciders, { record, plan, live }: Beside, signal: AbortSignal): Promise<void> {
  const { budget, onDone } = deciding;
  const name = { recordId: record.recordId, mode: 'shadow', replay: 0 } as const;
  const task: RecordTask = { record, name, stage: 'shadow', plan, mayBeBegun: begun.has(runIdOf(name)), live };
  // None is promoted to a shadow, but a kind of node that could not run when it was may run since.
  const acting = actingNodes(plan, {});
  const decision =
    acting.length === 0
      ? await decideRecord(work, task, signal)
      : await decideWithoutRun(work, task, { error: actingSentence('a shadow', plan, acting), reason: 'acts_outside' });
  budget.note(decision);
  onDone({ fate: 'shadow', decision });
}
