import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectorHost, PartitionName, ReadingPlace, SourceChunk, SourceRecord, TaskReport } from '../../schemas/index.ts';
import { taskOf } from './kafka-settings.ts';

/** A record as it was stored. */
export type Stored = PartitionName & { readonly incarnation: number; readonly reader: string; readonly record: SourceRecord };

/** For tests: keeps records in memory under the rule of the inbox, that only a chunk which begins where the last one ended is taken. */
export type MemoryInbox = {
  readonly records: readonly Stored[];
  readonly reports: readonly (TaskReport & { readonly reader: string })[];
  readonly notices: readonly string[];
  /** How often a reader said that there was nothing to read. */
  readonly idles: () => number;
  /** How many chunks were not taken. */
  readonly moved: () => number;
  /** Says where each partition begins, before anything was read. */
  place(name: PartitionName): ReadingPlace | undefined;
  setPlace(name: PartitionName, place: ReadingPlace): void;
  begin: ConnectorHost['begin'];
  deliver(reader: string, chunk: SourceChunk, from: ReadingPlace): ReturnType<ConnectorHost['deliver']>;
  host(reader: string, options: HostOptions): ConnectorHost;
};
export type HostOptions = {
  readonly signal: AbortSignal;
  readonly hasRoom?: () => boolean;
  /** Milliseconds that each chunk takes. */
  readonly slow?: number;
};

export function createMemoryInbox(): MemoryInbox {
  const places = new Map<string, ReadingPlace>();
  const records: Stored[] = [];
  const reports: (TaskReport & { reader: string })[] = [];
  const notices: string[] = [];
  let moved = 0;
  let idles = 0;
  const begin: ConnectorHost['begin'] = (name, { low, end }) => {
    const stored = places.get(taskOf(name));
    if (stored === undefined) return Promise.resolve(null);
    if (end === null || end >= stored.offset) return Promise.resolve(stored);
    const place = { incarnation: stored.incarnation + 1, offset: low ?? 0, position: null };
    places.set(taskOf(name), place);
    notices.push(`${taskOf(name)} is another log`);
    return Promise.resolve(place);
  };
  const deliver: MemoryInbox['deliver'] = (reader, chunk, from) => {
    const { topic, partition } = chunk;
    const stored = places.get(taskOf(chunk));
    if (stored !== undefined && (stored.offset !== from.offset || stored.incarnation !== from.incarnation)) {
      moved++;
      return Promise.resolve({ status: 'moved', place: stored });
    }
    const place = { incarnation: from.incarnation, ...chunk.next };
    places.set(taskOf(chunk), place);
    records.push(...chunk.records.map((record) => ({ topic, partition, incarnation: from.incarnation, reader, record })));
    return Promise.resolve({ status: 'stored', place });
  };
  return {
    records,
    reports,
    notices,
    idles: () => idles,
    moved: () => moved,
    place: (name) => places.get(taskOf(name)),
    setPlace: (name, place) => void places.set(taskOf(name), place),
    begin,
    deliver,
    host: (reader, { signal, hasRoom = () => true, slow = 0 }) => ({
      signal,
      begin,
      deliver: async (chunk, from) => {
        if (slow > 0) await delay(slow);
        return deliver(reader, chunk, from);
      },
      hasRoom,
      untilRoom: async (until) => {
        while (!hasRoom() && !until.aborted) await delay(20);
      },
      report: (task) => void reports.push({ ...task, reader }),
      idle: () => void idles++,
      notice: (sentence) => void notices.push(sentence),
    }),
  };
}
