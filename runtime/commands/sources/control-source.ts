import { RiskflowError, type SourceWish } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { readSourceState, writeSourceEvents } from '../../streams/source-state.ts';
import { livingTasks } from '../../streams/keeping/task-board.ts';

/** Says what is wanted of a source. `changed` is false when it was so before. */
export async function controlSource(
  context: Context,
  sourceId: string,
  { wish, reason }: { readonly wish: SourceWish; readonly reason: string },
): Promise<{ readonly changed: boolean }> {
  const state = await readSourceState(context, sourceId);
  if (state.wish === wish) return { changed: false };
  await writeSourceEvents(context, sourceId, [{ type: 'SourceControlled', data: { sourceId, wish, reason, at: context.now() } }]);
  return { changed: true };
}

/** Turns the kill switch of a source: while it is on no flow runs. */
export async function switchSource(
  context: Context,
  sourceId: string,
  { killed, reason }: { readonly killed: boolean; readonly reason: string },
): Promise<{ readonly changed: boolean }> {
  const state = await readSourceState(context, sourceId);
  if ((state.killed !== null) === killed) return { changed: false };
  await writeSourceEvents(context, sourceId, [{ type: 'SourceSwitched', data: { sourceId, killed, reason, at: context.now() } }]);
  return { changed: true };
}

export type OffsetMove = { readonly topic: string; readonly partition: number; readonly to: number };

/**
 * Sets where a partition is read on from, of a source that is stopped. What was read before and is read again is known, and not decided again; but for
 * the rows of a query, which are read from the beginning as other records.
 * @throws RiskflowError `conflict` while the source is not stopped, or somebody still works on it
 */
export async function moveSourceOffset(context: Context, sourceId: string, { topic, partition, to }: OffsetMove): Promise<void> {
  const state = await readSourceState(context, sourceId);
  const working = (await livingTasks(context, sourceId)).filter(({ task, state: is }) => task === 'intake' && is === 'running');
  if (state.wish !== 'stop' || working.length > 0) {
    throw new RiskflowError('conflict', `source "${sourceId}" is not stopped, so its offsets cannot be changed`, {
      hint: `stop it first: riskflow source stop ${sourceId}`,
    });
  }
  const { storage, workspaceId } = context;
  const { kind } = state.settings.connector;
  if (kind === 'push' || kind === 'stdin')
    throw new RiskflowError('usage', `source "${sourceId}" (${kind}) cannot be read again: its offset only counts what came`, {
      hint: 'to decide its records again: riskflow source replay',
    });
  if (kind === 'mysql' && to !== 0)
    throw new RiskflowError(
      'usage',
      `source "${sourceId}" reads a query, whose rows have no numbers: it can only be read from its beginning`,
      {
        hint: 'set 0; or let the query itself leave rows out',
      },
    );
  const stored = await storage.inbox.offset(workspaceId, sourceId, topic, partition);
  // The rows of a query are counted as they come, and another time they come in another order: they are other records.
  const incarnation = (stored?.incarnation ?? 1) + (kind === 'mysql' && stored !== undefined ? 1 : 0);
  await storage.inbox.moveOffset(workspaceId, { sourceId, topic, partition, incarnation, nextOffset: to, position: null });
  const from = stored?.nextOffset ?? null;
  await writeSourceEvents(context, sourceId, [
    { type: 'SourceOffsetMoved', data: { sourceId, topic, partition, from, to, at: context.now() } },
  ]);
}
