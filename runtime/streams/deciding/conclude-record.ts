import type { Plan } from '../../../flow/index.ts';
import type { RunEnd } from '../../embedded/run-host.ts';
import { besideOf, decisionEnd, outcomeOf, type DecidedBy, type MadeDecision } from './record-decision.ts';
import type { RecordTask, RecordWork } from './record-work.ts';

/** Who decides by a task, whatever comes of it. */
export function decidedBy(
  { context, settings }: RecordWork,
  { name, stage, against, live }: RecordTask,
  { flow, flowVersion }: Plan,
): Omit<DecidedBy, 'inputsHash' | 'findings'> {
  const { fallback } = settings.decide;
  return {
    name,
    stage,
    flow,
    flowVersion,
    against: live === undefined ? (against ?? null) : besideOf(live),
    fallback: name.mode === 'live' ? fallback : { mode: 'none' },
    now: context.now(),
  };
}

/** What is written with a decision: the claims of its key, and whether its record is done. */
export function endOf({ rule, sourceId }: RecordWork, { record, name, leavesPending, live }: RecordTask, decision: MadeDecision): RunEnd {
  const { inboxDone, ...end } = decisionEnd(record, decision);
  if (live !== undefined) return { ...end, inboxDone: [{ sourceId, recordId: record.recordId, outcome: outcomeOf(live) }] };
  if (name.mode !== 'live') return end;
  const claims = [...(end.claims ?? []), ...rule.claims(record)];
  return leavesPending === true || inboxDone === undefined ? { ...end, claims } : { ...end, claims, inboxDone };
}
