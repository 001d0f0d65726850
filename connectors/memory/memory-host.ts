import type { ConnectorHost, PartitionName, ReadingPlace, SourceChunk, SourceRecord, TaskReport } from '../../schemas/index.ts';

/** What a host has stored: it outlives the host, as a database does. */
export type MemoryStore = {
  readonly places: Map<string, ReadingPlace>;
  readonly records: StoredRecord[];
};
export type StoredRecord = PartitionName & { readonly incarnation: number; readonly record: SourceRecord };

export const createMemoryStore = (): MemoryStore => ({ places: new Map(), records: [] });

/** A host for tests that keeps everything in memory. */
export type MemoryHost = ConnectorHost & {
  readonly store: MemoryStore;
  readonly chunks: readonly SourceChunk[];
  readonly notices: readonly string[];
  readonly reports: readonly TaskReport[];
  /** Chunks that came after the abort. They are not stored. */
  readonly late: readonly SourceChunk[];
  place(partition: PartitionName): ReadingPlace | undefined;
  /** What somebody else did to the stored place. */
  movePlace(partition: PartitionName, place: ReadingPlace | null): void;
  setRoom(hasRoom: boolean): void;
  abort(): void;
  /** Resolves as soon as the condition holds; looks after whatever the connector does. */
  until(condition: () => boolean): Promise<void>;
};

export type MemoryHostOptions = {
  readonly store?: MemoryStore;
  /** Called before a chunk is stored; what it does happens while the connector waits. */
  readonly onDeliver?: (chunk: SourceChunk, from: ReadingPlace) => void | Promise<void>;
};

const nameOf = ({ topic, partition }: PartitionName): string => JSON.stringify([topic, partition]);

/**
 * Keeps places and records: `begin` gives the stored place (the next incarnation, where the log ends before it; the first offset that is still
 * there, where it begins behind it), `deliver` stores only what begins at the stored place.
 */
export function createMemoryHost({ store = createMemoryStore(), onDeliver }: MemoryHostOptions = {}): MemoryHost {
  const aborter = new AbortController();
  const state = { hasRoom: true };
  const chunks: SourceChunk[] = [];
  const notices: string[] = [];
  const reports: TaskReport[] = [];
  const late: SourceChunk[] = [];
  let watchers: (() => void)[] = [];
  const changed = (): void => {
    const woken = watchers;
    watchers = [];
    for (const wake of woken) wake();
  };
  const nextChange = (): Promise<void> => new Promise((resolve) => watchers.push(resolve));
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await nextChange();
  };
  aborter.signal.addEventListener('abort', changed);

  return {
    store,
    chunks,
    notices,
    reports,
    late,
    signal: aborter.signal,
    begin(partition, { low, end }) {
      const stored = store.places.get(nameOf(partition));
      if (stored === undefined) return Promise.resolve(null);
      const place = beginning(stored, low, end);
      store.places.set(nameOf(partition), place);
      return Promise.resolve(place);
    },
    async deliver(chunk, from) {
      if (aborter.signal.aborted) late.push(chunk);
      else await onDeliver?.(chunk, from);
      const stored = store.places.get(nameOf(chunk));
      if (stored !== undefined && (stored.incarnation !== from.incarnation || stored.offset !== from.offset)) {
        changed();
        return { status: 'moved', place: stored };
      }
      if (late.includes(chunk)) return { status: 'stored', place: { ...from, ...chunk.next } };
      const place = { incarnation: from.incarnation, ...chunk.next };
      store.places.set(nameOf(chunk), place);
      chunks.push(chunk);
      const { topic, partition } = chunk;
      for (const record of chunk.records) store.records.push({ topic, partition, incarnation: from.incarnation, record });
      changed();
      return { status: 'stored', place };
    },
    hasRoom: () => state.hasRoom,
    untilRoom: (signal) => until(() => state.hasRoom || signal.aborted || aborter.signal.aborted),
    report(task) {
      reports.push(task);
      changed();
    },
    idle: () => undefined,
    notice(sentence) {
      notices.push(sentence);
      changed();
    },
    place: (partition) => store.places.get(nameOf(partition)),
    movePlace(partition, place) {
      if (place === null) store.places.delete(nameOf(partition));
      else store.places.set(nameOf(partition), place);
    },
    setRoom(hasRoom) {
      state.hasRoom = hasRoom;
      changed();
    },
    abort: () => aborter.abort(),
    until,
  };
}

function beginning(stored: ReadingPlace, low: number | null, end: number | null): ReadingPlace {
  if (end !== null && end < stored.offset) return { incarnation: stored.incarnation + 1, offset: low ?? 0, position: null };
  return low !== null && low > stored.offset ? { ...stored, offset: low } : stored;
}
