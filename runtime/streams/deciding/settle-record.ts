import type { DecisionMade } from '../../../schemas/index.ts';
import { decidedBy, endOf } from './conclude-record.ts';
import { decisionOf, NO_FINDINGS, outcomeOf } from './record-decision.ts';
import { begunRun, stopOf } from './record-run.ts';
import { writeAsOwner, type RecordTask, type RecordWork } from './record-work.ts';

/** A decision without a run: its flow refuses the record, or nobody may ask it. A run that was begun for it is stopped. */
export async function decideWithoutRun(
  work: RecordWork,
  task: RecordTask,
  { error, reason }: { readonly error: string; readonly reason: string },
): Promise<DecisionMade['data']> {
  const by = { ...decidedBy(work, task, task.plan), inputsHash: null, findings: NO_FINDINGS, reason };
  const decision = decisionOf(task.record, by, { status: 'failed', outputs: null, error });
  const begun = await begunRun(work, task);
  const stopped = begun === null ? undefined : stopOf(work, begun, error);
  const end = endOf(work, task, decision);
  await writeAsOwner(work, { ...end, ...stopped, appends: [...(stopped?.appends ?? []), ...end.appends] });
  work.rule.settled(task.record);
  return decision.data;
}

/** Ends a record whose live decision was made, and whose decision beside it is not wanted any more. */
export async function finishRecord(work: RecordWork, made: DecisionMade['data']): Promise<void> {
  const { sourceId, recordId } = made;
  await writeAsOwner(work, { appends: [], inboxDone: [{ sourceId, recordId, outcome: outcomeOf(made) }] });
}

/** A record that another one with its key stands in for: it is not decided, and a run begun for it is stopped. */
export async function supersedeRecord(work: RecordWork, task: Pick<RecordTask, 'record' | 'name' | 'mayBeBegun'>): Promise<void> {
  const { sourceId } = work;
  const { recordId } = task.record;
  const begun = await begunRun(work, task);
  await writeAsOwner(work, {
    appends: [],
    ...(begun === null ? {} : stopOf(work, begun, 'a record with the same key stands in for this one')),
    inboxDone: [{ sourceId, recordId, outcome: 'superseded' }],
  });
}
