import { PART_COUNT } from '../../../schemas/index.ts';
import { inWindow } from '../../commands/in-window.ts';
import type { Context } from '../../context.ts';
import { holdLease } from '../../leases.ts';
import { decideStages } from './decide-stages.ts';
import type { Deciding } from './deciding.ts';
import { inTurn } from './in-turn.ts';
import { pendingRecords, waitingPages, type AskedRecord } from './pending-records.ts';
import { runsInFlight } from './plan-effects.ts';
import { prepareWork } from './prepare-work.ts';
import { sourceStream } from '../source-state.ts';
import type { SourceView } from '../source-watch.ts';

/** More runs than any part has in flight. */
const MOST_BEGUN = 20_000;

export const partResource = (sourceId: string, part: number): string => `${sourceStream(sourceId)}/part/${part}`;

/**
 * Decides the pending records of one part of a source's lanes, those of one subject in the order of their arrival, several subjects at a time.
 * @throws RiskflowError `busy` while another process has the part; the reason of the signal
 */
export async function decidePart(context: Context, part: number, deciding: Deciding): Promise<void> {
  const lease = await holdLease(context, partResource(deciding.sourceId, part));
  // What fails must end the wait for records, too: else nobody would hear of it before the next one comes.
  const failed = new AbortController();
  const signal = AbortSignal.any([lease.signal, deciding.signal, failed.signal]);
  try {
    // Whoever had the part before may have begun runs.
    const begun = await runsBegun(context, lease.fence.resource);
    const work = prepareWork(context, deciding, lease);
    const order = inTurn();
    const view = deciding.watch.view();
    // Which of those that wait is the last one with its key must be known before the first is asked about.
    if (view.state.settings.onDuplicateKey === 'replace')
      for await (const page of waitingPages(context, deciding.sourceId, part)) work().rule.see(page);
    let isLeft = false;
    const isEnough = (): boolean => isLeft || deciding.isEnough?.() === true;
    const decide = async (asked: AskedRecord, either: AbortSignal): Promise<void> => {
      // Behind a record that is left as it is none may be decided: it could be of the same subject.
      if (!isLeft) isLeft = !(await decideStages({ work: work(), deciding, begun }, asked, either));
    };
    const pending = pendingRecords(context, part, { ...deciding, signal, isEnough, rule: () => work().rule });
    await inWindow(pending, { size: sizeOf(view), signal }, (asked, either) =>
      order(asked.record.subject ?? asked.record.key, () => decide(asked, either)).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
  } finally {
    await lease.release();
  }
}

/** How many records of a part are decided at a time. */
function sizeOf({ plans: { live, canary, shadow }, state }: SourceView): number {
  const plans = [live, ...(canary === null ? [] : [canary.plan]), ...(shadow === null ? [] : [shadow])];
  return Math.max(2, Math.ceil(runsInFlight(plans, state.settings.decide.concurrency) / PART_COUNT));
}

/** Ids of the runs that an earlier owner has begun and not ended. */
async function runsBegun(context: Context, resource: string): Promise<ReadonlySet<string>> {
  const { events } = context.storage;
  const runs = await events.unfinishedRuns(context.workspaceId, { resource, limit: MOST_BEGUN });
  return new Set(runs.map(({ runId }) => runId));
}
