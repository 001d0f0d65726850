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
  const lines: string[] = [];
  let line = first;
  const start = (): string => (lines.length === 0 ? first : rest);
  const flush = (): void => {
    lines.push(line.trimEnd());
    line = start();
  };
  for (const piece of piecesOf(text)) {
    if (cellWidth(line) + cellWidth(piece.trimEnd()) > width && line.trim() !== '') flush();
    if (line === start() && piece.trim() === '') continue;
    for (const part of splitLong(piece, width - cellWidth(start()))) {
      if (cellWidth(line) + cellWidth(part.trimEnd()) > width && line.trim() !== '') flush();
      line += part;
    }
  }
  if (line.trim() !== '' || lines.length === 0) lines.push(line.trimEnd());
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
