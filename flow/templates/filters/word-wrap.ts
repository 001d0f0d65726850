import { fail } from '../python/values.ts';
import { codePointLength, sliceCodePoints } from '../../text/index.ts';

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
const ONLY_PYTHON_BLANK = /^[\s\x1c-\x1f\x85]*$/;

/** Breaks a text into lines of at most `width` characters, as Python's `textwrap.wrap` does without changing blanks. */
export function wrapText(text: string, options: WrapOptions): string[] {
  if (text !== '' && options.width <= 0) return fail('ValueError', 'the width must be at least 1');
  const pieces = text.split(options.breakOnHyphens ? PIECES : SIMPLE_PIECES).filter((piece) => piece !== '' && piece !== undefined);
  return new Wrapper(pieces, options).run();
}

// A class because it works through a list of pieces: one call of wrapText.
class Wrapper {
  readonly #pieces: string[];
  readonly #options: WrapOptions;
  readonly #lines: string[] = [];
  constructor(pieces: readonly string[], options: WrapOptions) {
    this.#pieces = [...pieces].reverse();
    this.#options = options;
  }

  run(): string[] {
    while (this.#pieces.length > 0) this.#line();
    return this.#lines;
  }

  #line(): void {
    const line: string[] = [];
    let length = 0;
    const next = (): string | undefined => this.#pieces.at(-1);
    if (this.#lines.length > 0 && isBlank(next())) this.#pieces.pop();
    for (let piece = next(); piece !== undefined && length + codePointLength(piece) <= this.#options.width; piece = next()) {
      line.push(piece);
      length += codePointLength(piece);
      this.#pieces.pop();
    }
    const long = next();
    if (long !== undefined && codePointLength(long) > this.#options.width) this.#breakWord(long, line, length);
    if (line.length > 0 && isBlank(line.at(-1))) line.pop();
    if (line.length > 0) this.#lines.push(line.join(''));
  }

  /** Puts as much of a word that is longer than a line into this one, or all of it when it must not be broken and the line is empty. */
  #breakWord(word: string, line: string[], length: number): void {
    const { width, breakLongWords, breakOnHyphens } = this.#options;
    const room = width - length;
    if (breakLongWords) {
      const end = breakOnHyphens ? hyphenWithin(word, room) : room;
      line.push(sliceCodePoints(word, 0, end));
      this.#pieces[this.#pieces.length - 1] = sliceCodePoints(word, end, codePointLength(word));
    } else if (line.length === 0) {
      line.push(word);
      this.#pieces.pop();
    }
  }
}

/** The position behind the last hyphen in the first `room` characters that has something else before it, or `room`. */
function hyphenWithin(word: string, room: number): number {
  if (codePointLength(word) <= room) return room;
  const head = Array.from(word).slice(0, room);
  const hyphen = head.lastIndexOf('-');
  return hyphen > 0 && head.slice(0, hyphen).some((char) => char !== '-') ? hyphen + 1 : room;
}

const isBlank = (piece: string | undefined): boolean => piece !== undefined && ONLY_PYTHON_BLANK.test(piece);
