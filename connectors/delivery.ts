import type { ConnectorHost, PartitionName, ReadingPlace, SourceChunk, SourceRecord } from '../schemas/index.ts';

/** Limits of what is stored in one transaction. */
const CHUNK_RECORDS = 500;
const CHUNK_BYTES = 1024 * 1024;

/** The first incarnation of a partition. */
const FIRST_INCARNATION = 1;
/** The only partition of what has none. */
export const ONLY_PARTITION = 0;
/** What connectors that do one thing at a time report under. */
export const ONLY_TASK = '0';

/**
 * What was read: a record, or null for what is none (a blank line); where reading goes on behind it, about how many bytes it has, and whether more is
 * at hand, so that nothing has to be waited for.
 */
export type ReadItem = {
  readonly record: SourceRecord | null;
  readonly next: SourceChunk['next'];
  readonly size: number;
  readonly more: boolean;
};

/** Where to begin, as the host says; a partition that was never read begins at `low`. */
export async function beginAt(
  host: ConnectorHost,
  partition: PartitionName,
  bounds: { readonly low: number | null; readonly end: number | null },
): Promise<ReadingPlace> {
  return (await host.begin(partition, bounds)) ?? { incarnation: FIRST_INCARNATION, offset: bounds.low ?? 0, position: null };
}

/** `moved`: somebody else has read on, or a person has set the place back; null: the place is gone, and `begin` has to be asked again. */
export type Delivery =
  { readonly moved: false; readonly place: ReadingPlace } | { readonly moved: true; readonly place: ReadingPlace | null };

/**
 * Hands items over in chunks, in order, waiting while there is no room. Ends with the items, or when the signal aborts (then nothing more is handed over),
 * or when the place was moved. What was read before the items failed is still handed over.
 * `onStored` is told each place that was stored, which also those know who see the items fail. `isLive`: somebody is writing while this reads, so that a chunk is not kept back to be filled.
 */
export async function deliverItems(
  host: ConnectorHost,
  options: {
    readonly partition: PartitionName;
    readonly from: ReadingPlace;
    readonly items: AsyncIterable<ReadItem>;
    readonly isLive?: boolean;
    readonly onStored?: (place: ReadingPlace) => void;
  },
): Promise<Delivery> {
  const { partition, isLive = false, onStored } = options;
  let from = options.from;
  let pending = emptyChunk(from);
  const flush = async (): Promise<Delivery | undefined> => {
    if (pending.records.length === 0 && samePlace(pending.next, from)) return undefined;
    await untilRoom(host);
    if (host.signal.aborted) return { moved: false, place: from };
    const { topic, partition: number } = partition;
    const answer = await host.deliver({ topic, partition: number, records: pending.records, next: pending.next }, from);
    if (answer.status === 'moved') return { moved: true, place: answer.place };
    from = answer.place;
    onStored?.(from);
    pending = emptyChunk(from);
    return undefined;
  };
  for await (const read of settled(options.items)) {
    if (host.signal.aborted) return { moved: false, place: from };
    const item = 'item' in read ? read.item : undefined;
    const full = item === undefined || (pending.size > 0 && pending.size + item.size > CHUNK_BYTES);
    const ended = full ? await flush() : undefined;
    if (ended !== undefined) return ended;
    if ('error' in read) throw read.error;
    if (read.item.record !== null) pending.records.push(read.item.record);
    pending.next = read.item.next;
    pending.size += read.item.size;
    const waits = isLive && !read.item.more;
    if (pending.records.length < CHUNK_RECORDS && pending.size < CHUNK_BYTES && !waits) continue;
    const stopped = await flush();
    if (stopped !== undefined) return stopped;
  }
  return (await flush()) ?? { moved: false, place: from };
}

/** The items, and last what went wrong with them: apart from what goes wrong with whoever takes them. */
async function* settled(items: AsyncIterable<ReadItem>): AsyncGenerator<{ readonly item: ReadItem } | { readonly error: unknown }, void> {
  try {
    for await (const item of items) yield { item };
  } catch (error) {
    yield { error };
  }
}

type PendingChunk = { records: SourceRecord[]; next: SourceChunk['next']; size: number };
const emptyChunk = ({ offset, position }: SourceChunk['next']): PendingChunk => ({ records: [], next: { offset, position }, size: 0 });
const samePlace = (a: SourceChunk['next'], b: SourceChunk['next']): boolean => a.offset === b.offset && a.position === b.position;

async function untilRoom(host: ConnectorHost): Promise<void> {
  while (!host.signal.aborted && !host.hasRoom()) await host.untilRoom(host.signal);
}

/**
 * Runs a connector's work and reports what it does: an abort is an end, anything else that goes wrong a failure.
 * @throws what the work throws, unless the signal is aborted.
 */
export async function runTask(host: ConnectorHost, work: () => Promise<void>): Promise<void> {
  if (host.signal.aborted) return;
  host.report({ task: ONLY_TASK, state: 'running', trace: null });
  try {
    await work();
  } catch (error) {
    if (!host.signal.aborted) {
      host.report({ task: ONLY_TASK, state: 'failed', trace: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }
  host.report({ task: ONLY_TASK, state: 'stopped', trace: null });
}

/** Resolves after so many milliseconds, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
