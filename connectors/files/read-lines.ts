import { createReadStream } from 'node:fs';

/** A line of a file and where it lies. Its bytes are without the line end (LF or CRLF). */
export type FileLine = {
  /** From 1 at the offset where reading began. */
  readonly number: number;
  /** The byte at which it begins, and the byte after its line end. */
  readonly offset: number;
  readonly next: number;
  readonly bytes: Uint8Array;
  /** False for a last line without a line end: more of it may still come. */
  readonly ended: boolean;
  /** The line is longer than the limit: `bytes` is only its beginning. */
  readonly cut: boolean;
  /** Another whole line is at hand: nothing has to be waited for to read it. */
  readonly more: boolean;
};

export type LinesOptions = {
  /** The byte at which the pieces begin: 0, or the `next` of an earlier line. */
  readonly fromOffset?: number;
  readonly maxLineBytes?: number;
};

export type ReadLinesOptions = LinesOptions & {
  /** Bytes read from the disk at a time. */
  readonly chunkBytes?: number;
};

const LF = 10;
const CR = 13;

/** Longer lines are handed on cut, so that a file without line ends cannot fill the memory. */
export const MAX_LINE_BYTES = 5 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * The lines of a file from a byte offset on, up to the end which the file has when it is reached.
 * @throws Error from the file system.
 */
export function readLines(path: string, options: ReadLinesOptions = {}): AsyncGenerator<FileLine, void> {
  const { fromOffset = 0, chunkBytes = CHUNK_BYTES } = options;
  return linesOf(createReadStream(path, { start: fromOffset, highWaterMark: chunkBytes }), options);
}

/** The lines of bytes that come in pieces. */
export async function* linesOf(
  pieces: AsyncIterable<unknown>,
  { fromOffset = 0, maxLineBytes = MAX_LINE_BYTES }: LinesOptions = {},
): AsyncGenerator<FileLine, void> {
  let parts: Buffer[] = [];
  let length = 0;
  let start = fromOffset;
  let number = 1;
  const keep = (piece: Buffer): void => {
    // One byte more than a line may have, for the CR that is no part of it.
    const room = maxLineBytes + 1 - length;
    if (room > 0) parts.push(piece.subarray(0, room));
    length += piece.length;
  };
  const line = (next: number, ended: boolean, more: boolean): FileLine => {
    const kept = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    const whole = ended && length === kept.length && kept.at(-1) === CR ? length - 1 : length;
    const cut = whole > maxLineBytes;
    return { number, offset: start, next, bytes: kept.subarray(0, cut ? maxLineBytes : whole), ended, cut, more };
  };
  let at = fromOffset;
  for await (const piece of pieces) {
    const chunk = bytesOf(piece);
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1;) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      const following = chunk.indexOf(LF, from);
      yield line(at + from, true, following !== -1);
      start = at + from;
      end = following;
      number++;
      parts = [];
      length = 0;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
    at += chunk.length;
  }
  if (length > 0) yield line(at, false, false);
}

/** A stream without an encoding gives buffers; one that was given text gives text. */
const bytesOf = (piece: unknown): Buffer =>
  Buffer.isBuffer(piece)
    ? piece
    : piece instanceof Uint8Array
      ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
      : Buffer.from(String(piece));
