import type { ObjectValue } from '../../schemas/index.ts';
import { decodeJsonLine } from './decode-json-line.ts';
import { readLines, type FileLine, type ReadLinesOptions } from './read-lines.ts';

/** A line of an NDJSON file as a source sees it. Offsets are bytes; `next` is where reading goes on once the line is dealt with. */
export type NdjsonLine =
  | { readonly kind: 'record'; readonly offset: number; readonly next: number; readonly text: string; readonly fields: ObjectValue }
  | { readonly kind: 'broken'; readonly offset: number; readonly next: number; readonly bytes: Uint8Array; readonly reason: string }
  | { readonly kind: 'blank'; readonly offset: number; readonly next: number }
  /** The last line, which its writer has not finished: it is read again when there is more of it. */
  | { readonly kind: 'unfinished'; readonly offset: number; readonly length: number };

/**
 * The lines of an NDJSON file from a byte offset on (0, or the `next` of an earlier line), up to its present end.
 *
 * A last line without a line end is a record when it is a whole JSON object: nothing that may still be written behind a closing brace
 * makes a longer object of it. Anything else there is `unfinished`.
 * @throws Error from the file system.
 */
export async function* readNdjson(path: string, options: ReadLinesOptions = {}): AsyncGenerator<NdjsonLine, void> {
  for await (const line of readLines(path, options)) yield ndjsonLine(line);
}

function ndjsonLine(line: FileLine): NdjsonLine {
  const { offset, next, bytes } = line;
  const decoded = decodeJsonLine(line);
  if (decoded.kind === 'object') return { kind: 'record', offset, next, text: decoded.text, fields: decoded.value };
  if (decoded.kind === 'blank') return { kind: 'blank', offset, next };
  return line.ended
    ? { kind: 'broken', offset, next, bytes, reason: decoded.reason }
    : { kind: 'unfinished', offset, length: next - offset };
}
