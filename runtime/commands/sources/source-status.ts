import { messageOf, PART_COUNT, type InboxCounts, type PartitionEnd, type SourceOffset, type SourceTask } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { openConnector } from '../../streams/intake/open-connector.ts';
import { listSourceIds, readSourceState, sourceStream, type SourceState } from '../../streams/source-state.ts';
import { livingTasks } from '../../streams/keeping/task-board.ts';
import { partResource } from '../../streams/deciding/decide-part.ts';

/** A partition and how far it was read, counted as the source does. `lag` and `end` are null where the source does not say. */
export type PartitionStatus = Pick<SourceOffset, 'topic' | 'partition' | 'incarnation' | 'nextOffset' | 'position'> & {
  readonly end: number | null;
  readonly lag: number | null;
};

export type SourceStatus = Omit<SourceState, 'version' | 'hadShadow'> &
  InboxCounts & {
    readonly partitions: readonly PartitionStatus[];
    /** Why the ends are not known. */
    readonly endsTrouble: string | null;
    /** What processes that are there do for it. */
    readonly tasks: readonly SourceTask[];
    /** Processes that hold a part of it. */
    readonly heldBy: readonly { readonly pid: number; readonly host: string }[];
  };

const ENDS_LIMIT_MS = 5_000;

/** One source, or all by id. @throws RiskflowError `not_found`. */
export async function sourceStatus(context: Context, sourceId?: string): Promise<readonly SourceStatus[]> {
  const ids = sourceId === undefined ? await listSourceIds(context) : [sourceId];
  return Promise.all(ids.map((id) => statusOf(context, id)));
}

async function statusOf(context: Context, sourceId: string): Promise<SourceStatus> {
  const { workspaceId, storage } = context;
  const { version: _version, hadShadow: _hadShadow, ...state } = await readSourceState(context, sourceId);
  const [counts, offsets, tasks, ends, heldBy] = await Promise.all([
    storage.inbox.counts(workspaceId, sourceId),
    storage.inbox.offsets(workspaceId, sourceId),
    livingTasks(context, sourceId),
    readEnds(context, state),
    holders(context, sourceId),
  ]);
  const { partitions, trouble } = ends;
  return { ...state, ...counts, partitions: withLag(offsets, partitions), endsTrouble: trouble, tasks, heldBy };
}

/** What the source says of its ends; the reason where it does not answer in a few seconds. */
async function readEnds(
  context: Context,
  state: Pick<SourceState, 'sourceId' | 'settings'>,
): Promise<{ readonly partitions: readonly PartitionEnd[]; readonly trouble: string | null }> {
  const { kind } = state.settings.connector;
  if (kind === 'push' || kind === 'stdin') return { partitions: [], trouble: null };
  try {
    const connector = await openConnector(context, state, { follow: false });
    try {
      return { partitions: await connector.ends(AbortSignal.timeout(ENDS_LIMIT_MS)), trouble: null };
    } finally {
      await connector.close();
    }
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return { partitions: [], trouble: isLate ? `it did not answer within ${ENDS_LIMIT_MS / 1000} s` : messageOf(error) };
  }
}

function withLag(offsets: readonly SourceOffset[], ends: readonly PartitionEnd[]): readonly PartitionStatus[] {
  const names = new Set([...offsets, ...ends].map(({ topic, partition }) => `${topic}\u0000${partition}`));
  return Array.from(names, (name): PartitionStatus => {
    const of = (each: { readonly topic: string; readonly partition: number }): boolean => `${each.topic}\u0000${each.partition}` === name;
    const stored = offsets.find(of);
    const known = ends.find(of);
    const [topic = '', partition = '0'] = name.split('\u0000');
    const end = known?.end ?? null;
    const at = stored?.nextOffset ?? known?.low ?? 0;
    // A log that ends before the offset was replaced: all of it is still to be read.
    const lag = end === null ? null : end < at ? end - (known?.low ?? 0) : end - at;
    const { incarnation = 1, position = null } = stored ?? {};
    return { topic, partition: Number(partition), incarnation, nextOffset: stored?.nextOffset ?? 0, position, end, lag };
  }).sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

async function holders(context: Context, sourceId: string): Promise<SourceStatus['heldBy']> {
  const resources = [`${sourceStream(sourceId)}/intake`, ...Array.from({ length: PART_COUNT }, (_, part) => partResource(sourceId, part))];
  const leases = await Promise.all(resources.map((resource) => context.storage.leases.read(context.workspaceId, resource)));
  const held = leases.filter((lease) => lease !== undefined && lease.owner !== '' && lease.until > context.now() && !context.isDead(lease));
  return Array.from(new Map(held.map((lease) => [lease?.owner, { pid: lease?.pid ?? 0, host: lease?.host ?? '' }])).values());
}
