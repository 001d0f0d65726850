export type ChunkSettings = {
  /** Characters of a chunk at most. */
  readonly size: number;
  /** Characters of its end that the next one begins with, about; less than half of `size`. */
  readonly overlap: number;
};

export const DEFAULT_CHUNKS: ChunkSettings = { size: 1024, overlap: 50 };

/** Where a text is best cut: after paragraphs, lines, sentences, clauses, words. */
const CUTS: readonly RegExp[] = [/\n\s*\n/g, /\n/g, /[。！？!?]+|\.(?=\s)/g, /[，；,;]/g, /\s/g];

/**
 * Cuts a text into chunks, at paragraphs where it can, else at lines, sentences and words. Each begins with the end of the one before it.
 * Blanks at the ends of chunks are left out, and chunks of nothing else.
 */
export function splitText(text: string, { size, overlap }: ChunkSettings): readonly string[] {
  const pieces = cut(text.replace(/\r\n?/g, '\n'), size - overlap, 0);
  const chunks: string[] = [];
  let current = '';
  // Whether there is more in it than the end of the chunk before.
  let fresh = false;
  const flush = (): void => {
    const chunk = current.trim();
    if (fresh && chunk !== '') chunks.push(chunk);
    current = overlap > 0 ? tailOf(current, overlap) : '';
    fresh = false;
  };
  for (const piece of pieces) {
    if (fresh && current.length + piece.length > size) flush();
    current += piece;
    fresh = fresh || piece.trim() !== '';
  }
  flush();
  return chunks;
}

/** Pieces of at most `most` characters which together are the text. */
function cut(text: string, most: number, level: number): readonly string[] {
  if (text.length <= most) return text === '' ? [] : [text];
  const pattern = CUTS[level];
  if (pattern === undefined) return cutAnywhere(text, most);
  const pieces: string[] = [];
  let start = 0;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    pieces.push(text.slice(start, end));
    start = end;
  }
  pieces.push(text.slice(start));
  return pieces.flatMap((piece) => cut(piece, most, level + 1));
}

function cutAnywhere(text: string, most: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = wholePoint(text, Math.min(at + most, text.length));
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Not between the two halves of a character. */
function wholePoint(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  return at < text.length && before >= 0xd800 && before <= 0xdbff ? at - 1 : at;
}

/** The end of a text, from the beginning of a word where there is one. */
function tailOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = wholePoint(text, text.length - length);
  const tail = text.slice(start);
  const blank = /\s/.exec(tail);
  return blank === null || blank.index > length / 2 ? tail : tail.slice(blank.index + 1);
}
