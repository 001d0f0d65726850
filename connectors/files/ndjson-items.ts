import type { ReadItem } from '../delivery.ts';
import { decodeJsonLine } from './decode-json-line.ts';
import type { FileLine } from './read-lines.ts';
import type { ItemsOptions } from './items-options.ts';

/**
 * The lines of NDJSON as items, placed by bytes. A last line without a line end is a record when it is a whole JSON object: nothing that may still be
 * written behind a closing brace makes a longer object of it. Anything else there is broken when no more can come, else unfinished.
 */
export async function* ndjsonItems(
  lines: AsyncIterable<FileLine>,
  { isFinal, onUnfinished }: ItemsOptions,
): AsyncGenerator<ReadItem, void> {
  for await (const line of lines) {
    const { offset, next: end, bytes } = line;
    const decoded = decodeJsonLine(line);
    if (decoded.kind === 'broken' && !line.ended && !isFinal) {
      onUnfinished(end - offset);
      return;
    }
    const place = { next: { offset: end, position: null }, size: bytes.length, more: line.more };
    if (decoded.kind === 'blank') yield { record: null, ...place };
    else {
      const content =
        decoded.kind === 'object'
          ? { ok: true as const, fields: decoded.value, text: decoded.text }
          : { ok: false as const, stage: 'decode' as const, reason: decoded.reason };
      yield { record: { offset, bytes, meta: null, content, recordId: null }, ...place };
    }
  }
}
