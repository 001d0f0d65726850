import { createReadStream } from 'node:fs';

/** A line of a file and where it lies: `offset` is the byte at which it begins, `next` the byte after its line end. */
export type FileLine = { readonly number: number; readonly offset: number; readonly next: number; readonly bytes: Uint8Array; readonly ended: boolean };

const LF = 10;
const CR = 13;

/** Longer lines are handed on cut, so that a file without line ends cannot fill the memory. */
export const MAX_LINE_BYTES = 5 * 1024 * 1024;

/**
 * The lines of a file from a byte offset on, without their line ends (LF or CRLF). `ended` is false for a last line without a line
 * end: more of it may still come.
 */
export async function* readLines(path: string, fromOffset = 0): AsyncGenerator<FileLine, void> {
  let parts: Buffer[] = [];
  let length = 0;
  let start = fromOffset;
  let number = 1;
  const line = (next: number, ended: boolean): FileLine => {
    const bytes = Buffer.concat(parts);
    const end = ended && bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    return { number, offset: start, next, bytes: bytes.subarray(0, end), ended };
  };
  const keep = (piece: Buffer): void => {
    if (length < MAX_LINE_BYTES) parts.push(piece.subarray(0, MAX_LINE_BYTES - length));
    length += piece.length;
  };
  let at = fromOffset;
  for await (const chunk of createReadStream(path, { start: fromOffset }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      keep(chunk.subarray(from, end));
      yield line(at + end + 1, true);
      start = at + end + 1;
      from = end + 1;
      number++;
      parts = [];
      length = 0;
    }
    keep(chunk.subarray(from));
    at += chunk.length;
  }
  if (length > 0) yield line(at, false);
}
