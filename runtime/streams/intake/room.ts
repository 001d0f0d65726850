import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../../context.ts';

/** Whether more should be read: not while too many records wait to be decided. */
export type Room = {
  readonly hasRoom: () => boolean;
  readonly untilRoom: (signal: AbortSignal) => Promise<void>;
  /** Told of records that were stored, so that room is not given twice between two looks. */
  readonly taken: (records: number) => void;
};

const LOOK_MS = 250;

/**
 * Room for `maxPending` records: none is left once so many wait, until half of them are decided. Looks at the inbox at most four times a
 * second.
 */
export function createRoom(context: Context, { sourceId, maxPending }: { readonly sourceId: string; readonly maxPending: number }): Room {
  const { inbox } = context.storage;
  let waiting = 0;
  let isFull = false;
  let lookedAt = -Infinity;
  let looking: Promise<void> | undefined;
  const judge = (count: number): void => {
    waiting = count;
    isFull = isFull ? waiting > maxPending / 2 : waiting >= maxPending;
  };
  const look = async (): Promise<void> => {
    judge(await inbox.pendingCount(context.workspaceId, sourceId, maxPending + 1));
    lookedAt = performance.now();
  };
  const lookNow = (): Promise<void> => (looking ??= look().finally(() => (looking = undefined)));
  return {
    hasRoom: () => {
      // A look that fails shows in what is stored next.
      if (performance.now() - lookedAt > LOOK_MS && maxPending < Infinity) lookNow().catch(() => undefined);
      return !isFull;
    },
    untilRoom: async (signal) => {
      while (isFull && !signal.aborted) {
        await lookNow().catch(() => undefined);
        if (isFull) await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    },
    taken: (records) => judge(waiting + records),
  };
}
