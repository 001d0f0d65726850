import { codePointLength, PYTHON_SPACE } from '../../text/index.ts';
import { fail } from '../python/values.ts';

export type WrapOptions = { readonly width: number; readonly breakLongWords: boolean; readonly breakOnHyphens: boolean };

const BLANK = '[\\t\\n\\v\\f\\r ]';
const NOT_BLANK = '[^\\t\\n\\v\\f\\r ]';
const WORD = '[\\p{L}\\p{N}_]';
const WORD_OR_MARK = `[\\p{L}\\p{N}_!"'&.,?]`;
const LETTER = '[\\p{L}\\p{Nl}\\p{No}_]';

// Where Python's textwrap may break a line: blanks, dashes between words, and after a hyphen between letters.
const PIECES = new RegExp(
  [
    `(${BLANK}+`,
    `|(?<=${WORD_OR_MARK})-{2,}(?=${WORD})`,
    `|${NOT_BLANK}+?(?:-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${WORD_OR_MARK}-))(?=${LETTER}-?${LETTER})`,
    `|(?=${BLANK}|$)`,
    `|(?<=${WORD_OR_MARK})(?=-{2,}${WORD})))`,
  ].join(''),
  'u',
);
const SIMPLE_PIECES = new RegExp(`(${BLANK}+)`, 'u');
const VISIBLE = new RegExp(`[^${PYTHON_SPACE}]`);

/** The rest of a word that is too long for a line; what lies before `from` is already on a line. */
type LongWord = { readonly characters: readonly string[]; readonly lastVisible: number; readonly from: number };
type Piece = string | LongWord;

const longWord = (text: string): LongWord => {
  const characters = Array.from(text);
  return { characters, lastVisible: characters.findLastIndex((char) => VISIBLE.test(char)), from: 0 };
};
const lengthOf = (piece: Piece): number => (typeof piece === 'string' ? codePointLength(piece) : piece.characters.length - piece.from);
const isBlank = (piece: Piece): boolean => (typeof piece === 'string' ? !VISIBLE.test(piece) : piece.lastVisible < piece.from);
const textOf = (piece: Piece): string => (typeof piece === 'string' ? piece : piece.characters.slice(piece.from).join(''));

/** Breaks a text into lines of at most `width` characters, as Python's `textwrap.wrap` does without changing blanks. */
export function wrapText(text: string, options: WrapOptions): string[] {
  if (options.width <= 0) return fail('ValueError', 'the width must be at least 1');
  const pieces = text.split(options.breakOnHyphens ? PIECES : SIMPLE_PIECES).filter((piece) => piece !== '' && piece !== undefined);
  return new Wrapper(pieces, options).run();
}

// A class because it works through a list of pieces: one call of wrapText.
class Wrapper {
  /** The next piece is the last one. */
  readonly #pieces: Piece[];
  readonly #options: WrapOptions;
  readonly #lines: string[] = [];
  constructor(pieces: readonly Piece[], options: WrapOptions) {
    this.#pieces = pieces.toReversed();
    this.#options = options;
  }

  run(): string[] {
    while (this.#pieces.length > 0) this.#line();
    return this.#lines;
  }

  #line(): void {
    const line: { readonly text: string; readonly blank: boolean }[] = [];
    let length = 0;
    const next = (): Piece | undefined => this.#pieces.at(-1);
    const first = next();
    if (this.#lines.length > 0 && first !== undefined && isBlank(first)) this.#pieces.pop();
    for (let piece = next(); piece !== undefined && length + lengthOf(piece) <= this.#options.width; piece = next()) {
      line.push({ text: textOf(piece), blank: isBlank(piece) });
      length += lengthOf(piece);
      this.#pieces.pop();
    }
    const long = next();
    if (long !== undefined && lengthOf(long) > this.#options.width) {
      const part = this.#breakWord(long, line.length === 0, this.#options.width - length);
      if (part !== undefined) line.push({ text: part, blank: !VISIBLE.test(part) });
    }
    if (line.at(-1)?.blank === true) line.pop();
    if (line.length > 0) this.#lines.push(line.map(({ text }) => text).join(''));
  }

  /** Takes as much of a word that is longer than a line as fits, or all of it when it must not be broken and the line is empty. */
  #breakWord(piece: Piece, lineIsEmpty: boolean, room: number): string | undefined {
    const { breakLongWords, breakOnHyphens } = this.#options;
    if (!breakLongWords && !lineIsEmpty) return undefined;
    this.#pieces.pop();
    if (!breakLongWords) return textOf(piece);
    const word = typeof piece === 'string' ? longWord(piece) : piece;
    const end = word.from + (breakOnHyphens ? hyphenWithin(word, room) : room);
    this.#pieces.push({ ...word, from: end });
    return word.characters.slice(word.from, end).join('');
  }
}

/** The position behind the last hyphen in the first `room` characters that has something else before it, or `room`. */
function hyphenWithin(word: LongWord, room: number): number {
  const head = word.characters.slice(word.from, word.from + room);
  const hyphen = head.lastIndexOf('-');
  return hyphen > 0 && head.slice(0, hyphen).some((char) => char !== '-') ? hyphen + 1 : room;
}
