import {
  RiskflowError,
  type ConnectorHost,
  type DeadLetter,
  type Fence,
  type InboxRecord,
  type PartitionName,
  type ReadingPlace,
  type SourceChunk,
  type SourceOffset,
  type TaskReport,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { mapRecord, type RecordMaker } from './map-record.ts';
import type { Room } from './room.ts';
import { sourceStream } from '../source-state.ts';

export type IntakeCounts = { records: number; deadLetters: number; skipped: number };

export type TakeInOptions = {
  readonly sourceId: string;
  readonly maker: () => RecordMaker;
  readonly room: Room;
  readonly signal: AbortSignal;
  /** Where one process alone reads the source. */
  readonly fence?: Fence;
  /** Ends the task at the first record that cannot be read, instead of keeping it as a dead letter. */
  readonly stopAtErrors: boolean;
  readonly onTask: (report: TaskReport) => void;
  readonly onNotice: (sentence: string) => void;
  /** Told after each chunk. */
  readonly onChunk?: (chunk: SourceChunk) => void;
  /** Told again and again while there is nothing to read. */
  readonly onIdle?: () => void;
};

/** Where a partition stands: what is stored, and where this process reads on. */
type Standing = { readonly stored: SourceOffset | undefined; readonly at: ReadingPlace | null };

/**
 * What stores what a connector reads: records, dead letters and the offset in one transaction, and only where it goes on from the stored
 * offset, so that of two readers of one partition nothing is taken twice.
 */
export function intakeHost(context: Context, options: TakeInOptions): ConnectorHost & { readonly counts: () => Readonly<IntakeCounts> } {
  const { workspaceId, storage } = context;
  const { sourceId, room, signal } = options;
  const standings = new Map<string, Standing>();
  const counts: IntakeCounts = { records: 0, deadLetters: 0, skipped: 0 };
  const nameOf = ({ topic, partition }: PartitionName): string => `${topic}/${partition}`;

  async function begin(partition: PartitionName, { low, end }: { readonly low: number | null; readonly end: number | null }) {
    const stored = await storage.inbox.offset(workspaceId, sourceId, partition.topic, partition.partition);
    const at = stored === undefined ? null : await placeOf(stored, { low, end });
    if (stored === undefined || at === null || at.incarnation === stored.incarnation) {
      standings.set(nameOf(partition), { stored, at });
      return at;
    }
    // Kept at once, so that it is announced once, also when there is nothing to read yet.
    const raised: SourceOffset = { ...stored, incarnation: at.incarnation, nextOffset: at.offset, position: at.position, skipped: 0 };
    await storage.inbox.moveOffset(workspaceId, raised);
    standings.set(nameOf(partition), { stored: raised, at });
    return at;
  }

  /** The stored place, or the beginning of what has taken the place of the log. */
  async function placeOf(
    stored: SourceOffset,
    { low, end }: { readonly low: number | null; readonly end: number | null },
  ): Promise<ReadingPlace> {
    const { incarnation, nextOffset, position, topic, partition } = stored;
    if (end !== null && end < nextOffset) {
      const reason = `${topic}/${partition} ends at ${end}, but was read to ${nextOffset} before: it was replaced or cut, and is read from its beginning as incarnation ${incarnation + 1}`;
      await raiseIncarnation({ topic, partition, incarnation: incarnation + 1, reason });
      options.onNotice(reason);
      return { incarnation: incarnation + 1, offset: low ?? 0, position: null };
    }
    if (low !== null && low > nextOffset) {
      options.onNotice(
        `${topic}/${partition} begins at ${low}, but was read only to ${nextOffset}: the ${low - nextOffset} records between are gone, since the source keeps them no longer`,
      );
      return { incarnation, offset: low, position };
    }
    return { incarnation, offset: nextOffset, position };
  }

  async function raiseIncarnation(raised: {
    readonly topic: string;
    readonly partition: number;
    readonly incarnation: number;
    readonly reason: string;
  }): Promise<void> {
    const { topic, partition, incarnation, reason } = raised;
    const written = await storage.events.write({
      workspaceId,
      actor: context.actor,
      ...(options.fence === undefined ? {} : { fence: options.fence }),
      // Said once, also when this process ends before it stores the new offset.
      claims: [{ scope: `incarnation/${sourceId}`, key: `${topic}/${partition}/${incarnation}`, value: reason }],
      appends: [
        {
          log: 'ledger',
          stream: sourceStream(sourceId),
          events: [{ type: 'SourceIncarnationRaised', data: { sourceId, incarnation, reason, topic, partition } }],
          expected: { any: true },
        },
      ],
    });
    if (written.status !== 'written' && written.status !== 'claimed') throw takenOver(sourceId);
  }

  async function deliver(chunk: SourceChunk, from: ReadingPlace): ReturnType<ConnectorHost['deliver']> {
    const name = nameOf(chunk);
    const standing = standings.get(name);
    if (standing === undefined)
      throw new RiskflowError('internal', `the partition ${name} of source "${sourceId}" was read without a beginning`);
    if (standing.at !== null && (standing.at.offset !== from.offset || standing.at.incarnation !== from.incarnation))
      return { status: 'moved', place: standing.at };
    const incarnation = standing.at?.incarnation ?? from.incarnation;
    const { records, deadLetters, skipped } = mapChunk(chunk, incarnation);
    const { topic, partition, next } = chunk;
    const accepted = await storage.inbox.accept(workspaceId, {
      records,
      deadLetters,
      offset: { sourceId, incarnation, topic, partition, nextOffset: next.offset, position: next.position, skipped },
      expected: standing.stored ?? null,
      ...(options.fence === undefined ? {} : { fence: options.fence }),
    });
    if (accepted.status === 'stale-fence') throw takenOver(sourceId);
    if (accepted.status === 'moved') {
      const { offset } = accepted;
      const at = offset === undefined ? null : { incarnation: offset.incarnation, offset: offset.nextOffset, position: offset.position };
      standings.set(name, { stored: offset, at });
      return { status: 'moved', place: at };
    }
    const place: ReadingPlace = { incarnation, ...next };
    const stored = { sourceId, incarnation, topic, partition, nextOffset: next.offset, position: next.position, skipped: 0 };
    standings.set(name, { stored, at: place });
    counts.records += accepted.records;
    counts.deadLetters += accepted.deadLetters;
    counts.skipped += skipped;
    room.taken(accepted.records);
    options.onChunk?.(chunk);
    return { status: 'stored', place };
  }

  function mapChunk(chunk: SourceChunk, incarnation: number) {
    const maker = options.maker();
    const records: InboxRecord[] = [];
    const deadLetters: DeadLetter[] = [];
    let skipped = 0;
    for (const read of chunk.records) {
      const origin = { sourceId, incarnation, topic: chunk.topic, partition: chunk.partition, offset: read.offset };
      const mapped = mapRecord(maker, read, origin);
      if (mapped.kind === 'record') records.push(mapped.record);
      else if (mapped.kind === 'skipped') skipped++;
      else if (options.stopAtErrors) throw unreadable(sourceId, mapped.letter);
      else deadLetters.push(mapped.letter);
    }
    return { records, deadLetters, skipped };
  }

  return {
    signal,
    begin,
    deliver,
    hasRoom: room.hasRoom,
    untilRoom: room.untilRoom,
    report: options.onTask,
    idle: options.onIdle ?? (() => undefined),
    notice: options.onNotice,
    counts: () => counts,
  };
}

const takenOver = (sourceId: string): RiskflowError => new RiskflowError('busy', `source "${sourceId}" was taken over by another process`);

const unreadable = (sourceId: string, { origin: { topic, partition, offset }, reason }: DeadLetter): RiskflowError =>
  new RiskflowError('failed', `source "${sourceId}": the record at ${topic}/${partition}, offset ${offset}, cannot be used: ${reason}`, {
    hint: 'mend it, or let such records become dead letters (errors: all)',
  });
