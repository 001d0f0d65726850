import { setTimeout as delay } from 'node:timers/promises';
import { Context as ActivityContext } from '@temporalio/activity';
import { PART_COUNT, RiskflowError } from '../../schemas/index.ts';
import type { PartName, PartTurn, SourceActivities } from '../../workflows/index.ts';
import type { Context } from '../context.ts';
import { LeaseHeld } from '../leases.ts';
import { decidePart } from '../streams/deciding/decide-part.ts';
import { decidingTools } from '../streams/deciding/deciding-tools.ts';
import { partTask } from '../streams/keeping/share-parts.ts';
import { watchSource } from '../streams/source-watch.ts';
import { openTaskBoard, REPEAT_MS } from '../streams/keeping/task-board.ts';
import { guarded } from './final-failures.ts';

const BEAT_MS = 3_000;
/** How long one activity works on a part: a minute, so that histories stay short and work moves to workers that are new. */
const TURN_MS = 60_000;
/** What is under way when a turn is over may end; what takes longer goes on in the next turn. */
const LONGEST_TURN_MS = 8 * 60_000;
const LOOK_MS = 500;
/** For so long a worker that lacks a key leaves a part to others. */
const LACKING_MS = 2_000;

/** The activities by which workers decide the records of sources. Once it is `stopping` a worker ends what it has begun, and begins no record more. */
export function createSourceActivities(context: Context, stopping?: AbortSignal): SourceActivities {
  return {
    decidePart: (name) => guarded(() => oneTurn(context, name, stopping)),
  };
}

async function oneTurn(context: Context, { workspaceId, sourceId, part }: PartName, stopping?: AbortSignal): Promise<PartTurn> {
  if (workspaceId !== context.workspaceId)
    throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
  const activity = ActivityContext.current();
  const watch = await watchSource(context, sourceId);
  const counts = { decided: 0, failed: 0, superseded: 0, shadow: 0 };
  let held: string | null = null;
  const isOver = (): boolean => watch.view().state.wish !== 'run';
  const answer = (): PartTurn => {
    const { decided, failed, superseded } = counts;
    return { decided, failed, superseded, held, isOver: isOver() };
  };
  if (isOver()) return answer();
  // Each part has its share of the rate, since nobody knows which worker has the others.
  const tools = decidingTools(context, watch, { shareOfRate: 1 / PART_COUNT });
  const turn = new AbortController();
  const beating = setInterval(() => activity.heartbeat(), BEAT_MS);
  const watching = setInterval(() => {
    watch.refresh().then(
      () => (isOver() ? turn.abort() : undefined),
      () => undefined,
    );
  }, LOOK_MS);
  const endsAt = performance.now() + TURN_MS;
  const ending = setTimeout(() => turn.abort(), LONGEST_TURN_MS);
  const board = openTaskBoard(context, sourceId);
  const repeating = setInterval(board.repeat, REPEAT_MS);
  const signal = AbortSignal.any([turn.signal, activity.cancellationSignal]);
  const isEnough = (): boolean => performance.now() >= endsAt || stopping?.aborted === true;
  const deciding = {
    ...tools,
    signal,
    follow: () => !isEnough(),
    isEnough,
    onDone: ({ fate }: { readonly fate: keyof typeof counts }) => void counts[fate]++,
    onHold: (reason: string | null) => {
      held = reason;
      board.report({ task: partTask(part), state: reason === null ? 'running' : 'paused', trace: reason });
    },
  };
  try {
    const waiting = [signal, AbortSignal.timeout(TURN_MS), ...(stopping === undefined ? [] : [stopping])];
    // What this worker lacks another one may have.
    const lack = await tools.lack();
    deciding.onHold(lack);
    if (lack === null) await whenFree(AbortSignal.any(waiting), () => decidePart(context, part, deciding));
    else await delay(LACKING_MS, undefined, { signal: AbortSignal.any(waiting) }).catch(() => undefined);
  } catch (error) {
    // The turn is over; whoever has the next one goes on.
    if (!turn.signal.aborted || activity.cancellationSignal.aborted) throw error;
  } finally {
    clearInterval(beating);
    clearInterval(watching);
    clearInterval(repeating);
    clearTimeout(ending);
    await board.close();
  }
  activity.cancellationSignal.throwIfAborted();
  return answer();
}

/** Waits while somebody else has the part: a worker that died, or a command in a terminal. */
async function whenFree(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LeaseHeld)) throw error;
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
