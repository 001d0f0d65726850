import { cellWidth, characterWidth } from './cell-width.ts';

/**
 * Breaks one line of text into lines of at most `width` cells: at blanks, between wide characters, and within a word only
 * when the word alone is too long. `first` begins the first line, `rest` every other.
 */
export function wrapText(
  text: string,
  width: number,
  { first = '', rest = '' }: { readonly first?: string; readonly rest?: string } = {},
): readonly string[] {
  const narrowest = width - Math.max(cellWidth(first), cellWidth(rest));
  const lines: string[] = [];
  let line = '';
  const start = (): string => (lines.length === 0 ? first : rest);
  const flush = (): void => {
    lines.push((start() + line).trimEnd());
    line = '';
  };
  for (const part of piecesOf(text).flatMap((piece) => splitLong(piece, narrowest))) {
    if (line !== '' && cellWidth(start() + line + part.trimEnd()) > width) flush();
    if (line !== '' || part.trim() !== '') line += part;
  }
  if (line !== '' || lines.length === 0) flush();
  return lines;
}

/** Words with the blanks after them; a wide character is a word. */
function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let word = '';
  for (const character of text) {
    const wide = characterWidth(character) === 2;
    if (word !== '' && (wide || (/\s$/u.test(word) && !/\s/u.test(character)))) {
      pieces.push(word);
      word = '';
    }
    word += character;
    if (wide) {
      pieces.push(word);
      word = '';
    }
  }
  return word === '' ? pieces : [...pieces, word];
}

function splitLong(piece: string, width: number): readonly string[] {
  if (cellWidth(piece.trimEnd()) <= width) return [piece];
  const parts: string[] = [];
  let part = '';
  for (const character of piece) {
    if (cellWidth(part) + characterWidth(character) > Math.max(1, width) && part !== '') {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part];
}
