import type { ReadItem } from '../delivery.ts';
import { decodeJsonLine } from './decode-json-line.ts';
import type { FileLine } from './read-lines.ts';
import type { ItemsOptions } from './items-options.ts';

const BLANK = { kind: 'blank' } as const;
/** So many blank lines are passed over together. */
const BLANKS = 1_000;

/**
 * The lines of NDJSON as items, placed by bytes. A last line without a line end is a record when it is a whole JSON object: nothing that may still be
 * written behind a closing brace makes a longer object of it. Anything else there is broken when no more can come, else unfinished.
 */
export async function* ndjsonItems(
  lines: AsyncIterable<FileLine>,
  { isFinal, onUnfinished }: ItemsOptions,
): AsyncGenerator<ReadItem, void> {
  let blanks = 0;
  for await (const line of lines) {
    const { offset, next: end, bytes } = line;
    const decoded = bytes.length === 0 ? BLANK : decodeJsonLine(line);
    // What follows goes on behind it, too: a file of nothing but line ends is no million of items.
    if (decoded.kind === 'blank' && line.more && ++blanks % BLANKS !== 0) continue;
    if (decoded.kind === 'broken' && !line.ended && !isFinal) {
      onUnfinished(end - offset);
      return;
    }
    const place = { next: { offset: end, position: null }, size: bytes.length, more: line.more };
    if (decoded.kind === 'blank') yield { record: null, ...place, size: BLANKS };
    else {
      const content =
        decoded.kind === 'object'
          ? { ok: true as const, fields: decoded.value, text: decoded.text }
          : { ok: false as const, stage: 'decode' as const, reason: decoded.reason };
      yield { record: { offset, bytes, meta: null, content, recordId: null }, ...place };
    }
  }
}
