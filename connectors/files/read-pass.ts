import { basename } from 'node:path';
import type { ConnectorHost, PartitionName, ReadingPlace } from '../../schemas/index.ts';
import { beginAt, deliverItems, ONLY_PARTITION } from '../delivery.ts';
import type { FileLook, FileReader } from './file-reader.ts';

/** How a file that grows is followed. Times are milliseconds. */
export type FollowOptions = {
  readonly follow: boolean;
  /** A file that has not changed for so long is taken to be finished as it is. @default 60000 */
  readonly quietMs?: number;
  readonly now?: () => number;
};

/** What is known of a file between two passes. */
export type FileState = {
  readonly place: ReadingPlace;
  /** When it has not changed since, there is nothing to read. */
  readonly mark: string;
};

const QUIET_MS = 60_000;

/** A file is the one partition of a topic named like it. */
export const partitionOf = (path: string): PartitionName => ({ topic: basename(path), partition: ONLY_PARTITION });

/** Whether there may be something to read since the last pass; a file that has become quiet is looked at once more, for what its writer has not ended. */
export function markOf(look: FileLook, options: FollowOptions): string {
  return `${look.mark}/${String(isQuiet(look, options))}`;
}

const isQuiet = (look: FileLook, { quietMs = QUIET_MS, now = Date.now }: FollowOptions): boolean => now() - look.changedAt >= quietMs;

/**
 * Reads a file from where it was read to, up to its present end. A file that ends before that place is begun again as the host says (it makes a
 * new incarnation of it). A last record that is not finished is left, and told unless its writer may be at work.
 * @throws FileTrouble, and what the host throws.
 */
export async function readPass(
  host: ConnectorHost,
  reader: FileReader,
  options: FollowOptions & { readonly known: FileState | undefined },
): Promise<FileState> {
  const { follow, known } = options;
  const look = await reader.look();
  const mark = markOf(look, options);
  const partition = partitionOf(reader.path);
  const bounds = { low: 0, end: await reader.end(look) };
  const quiet = isQuiet(look, options);
  let at =
    known === undefined || (bounds.end !== null && bounds.end < known.place.offset) ? await beginAt(host, partition, bounds) : known.place;
  while (!host.signal.aborted) {
    let end: number | undefined;
    let unfinished = 0;
    const items = reader.items(at.offset, {
      isFinal: !reader.grows && !follow,
      takesLastRow: !follow || quiet,
      endsQuotes: quiet,
      onUnfinished: (bytes) => (unfinished = bytes),
      onShort: (found) => (end = found),
    });
    const read = await deliverItems(host, { partition, from: at, items });
    if (read.moved) {
      at = read.place ?? (await beginAt(host, partition, bounds));
      continue;
    }
    at = read.place;
    if (end !== undefined) {
      const again = await beginAt(host, partition, { low: 0, end });
      if (again.offset < at.offset) {
        at = again;
        continue;
      }
    }
    if (unfinished > 0 && (!follow || quiet) && !host.signal.aborted)
      host.notice(`the last ${unfinished} bytes of ${reader.path} are a record without an end: they are read once it is finished`);
    break;
  }
  return { place: at, mark };
}
