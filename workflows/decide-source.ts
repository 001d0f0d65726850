import { condition, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { PART_COUNT } from '../schemas/core.ts';
import { continueOnCurrentBuild } from './continue-on-current-build.ts';
import { RETRY } from './retry.ts';
import type { PartTurn, SourceActivities, SourceName } from './source-activities.ts';

export type DecideSourceArgs = SourceName & {
  /** Of the executions before this one. */
  readonly before?: SourceCounts;
  /** Turns of a part after which the workflow goes on as a new execution; default: when Temporal suggests it. */
  readonly turnsPerExecution?: number;
};
export type SourceCounts = Pick<PartTurn, 'decided' | 'failed' | 'superseded'>;

const work = (part: number): SourceActivities =>
  proxyActivities<SourceActivities>({
    summary: `decides part ${part + 1} of ${PART_COUNT}`,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: 20_000,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: RETRY,
  });

/** For so long a part that found the source stopped waits for the others to find it, too. */
const OTHERS_MS = 5_000;

/**
 * Lets workers decide the records of a source until it is stopped: for each part of its lanes one activity at a time, which lasts about a minute
 * while there is work, wherever there is a worker for it. The records, and what was decided, are in the storage: this only keeps it going.
 */
export async function decideSource(args: DecideSourceArgs): Promise<SourceCounts> {
  const { workspaceId, sourceId, turnsPerExecution = Infinity } = args;
  let counts = args.before ?? { decided: 0, failed: 0, superseded: 0 };
  const held = new Map<number, string>();
  const tell = (): void => {
    const { decided, failed, superseded } = counts;
    const rows = Array.from(held, ([part, reason]) => `- part ${part + 1} waits: ${reason}`);
    setCurrentDetails([`${decided} decided, ${failed} failed, ${superseded} superseded`, ...rows].join('\n'));
  };
  const over = new Set<number>();
  // The source may be resumed before each part has heard that it was paused: this ends for all of them or for none.
  const allAreOver = async (part: number): Promise<boolean> => {
    over.add(part);
    const isSo = await condition(() => over.size === PART_COUNT, OTHERS_MS);
    if (!isSo) over.delete(part);
    return isSo;
  };
  const keep = async (part: number): Promise<'over' | 'more'> => {
    const activities = work(part);
    for (let nth = 0; nth < turnsPerExecution && !workflowInfo().continueAsNewSuggested; nth++) {
      const turn = await activities.decidePart({ workspaceId, sourceId, part });
      counts = {
        decided: counts.decided + turn.decided,
        failed: counts.failed + turn.failed,
        superseded: counts.superseded + turn.superseded,
      };
      if (turn.held === null) held.delete(part);
      else held.set(part, turn.held);
      tell();
      if (turn.isOver && (await allAreOver(part))) return 'over';
    }
    return 'more';
  };
  const ends = await Promise.all(Array.from({ length: PART_COUNT }, (_, part) => keep(part)));
  if (ends.every((end) => end === 'over')) return counts;
  return continueOnCurrentBuild<typeof decideSource>({ ...args, before: counts });
}
