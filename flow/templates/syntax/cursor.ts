import type { Token } from './lexer.ts';
import { TemplateSyntaxError } from './syntax-error.ts';

/** Deeper nesting of brackets or blocks is refused: hostile input must not exhaust the stack. */
export const MAX_DEPTH = 150;

const END: Token = { type: 'end', text: '', offset: 0 };
const WORDS: ReadonlyMap<Token['type'], string> = new Map([
  ['end', 'the end of the template'],
  ['print-begin', '"{{"'],
  ['print-end', '"}}"'],
  ['tag-begin', '"{%"'],
  ['tag-end', '"%}"'],
  ['data', 'text'],
]);

/** How a token is called in an error. */
export const describeToken = (token: Token): string => WORDS.get(token.type) ?? JSON.stringify(token.text);

// A class because a cursor over tokens is a resource with a lifetime: one call of the parser.
export class TokenCursor {
  readonly #tokens: readonly Token[];
  readonly #lineStarts: readonly number[];
  #at = 0;
  #depth = 0;

  constructor(source: string, tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#lineStarts = lineStartsOf(source);
  }

  get current(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  get following(): Token {
    return this.#tokens[this.#at + 1] ?? END;
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'end') this.#at++;
    return token;
  }

  is(type: Token['type']): boolean {
    return this.current.type === type;
  }

  isName(name: string): boolean {
    return this.current.type === 'name' && this.current.text === name;
  }

  skip(type: Token['type']): boolean {
    if (!this.is(type)) return false;
    this.#at++;
    return true;
  }

  skipName(name: string): boolean {
    if (!this.isName(name)) return false;
    this.#at++;
    return true;
  }

  expect(type: Token['type'], what: string): Token {
    if (!this.is(type)) this.fail(`${what} was expected, not ${describeToken(this.current)}`);
    return this.next();
  }

  expectName(name: string): Token {
    if (!this.isName(name)) this.fail(`"${name}" was expected, not ${describeToken(this.current)}`);
    return this.next();
  }

  /** Runs a parser one level deeper. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) this.fail(`the template is nested deeper than ${MAX_DEPTH} levels`);
    this.#depth++;
    const result = parse();
    this.#depth--;
    return result;
  }

  fail(message: string, offset = this.current.offset): never {
    throw new TemplateSyntaxError(message, offset);
  }

  lineAt(offset: number): number {
    return placeOf(this.#lineStarts, offset).line;
  }
}

/** The offsets at which lines begin. */
export function lineStartsOf(source: string): readonly number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column, from 1, of an offset. */
export function placeOf(lineStarts: readonly number[], offset: number): { readonly line: number; readonly column: number } {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}
