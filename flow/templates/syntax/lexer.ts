import { PYTHON_SPACE, pythonRightStrip } from '../../text/index.ts';
import { unescapeString } from './string-literal.ts';
import { TemplateSyntaxError } from './syntax-error.ts';

export const OPERATORS = [
  ...['//', '**', '==', '!=', '>=', '<='],
  ...['+', '-', '/', '*', '%', '~', '[', ']', '(', ')', '{', '}', '>', '<', '=', '.', ':', '|', ',', ';'],
] as const;
export type OperatorToken = (typeof OPERATORS)[number];

export type TokenType = 'data' | 'print-begin' | 'print-end' | 'tag-begin' | 'tag-end' | 'name' | 'string' | 'integer' | 'float' | 'end';

/** A piece of a template. `text` is the name, number, unescaped string or literal text; `offset` its place in the source. */
export type Token = { readonly type: TokenType | OperatorToken; readonly text: string; readonly offset: number };

const S = `[${PYTHON_SPACE}]`;
const BEGIN = /\{[{%#]/g;
const RAW_BEGIN = new RegExp(`\\{%([-+]?)${S}*raw${S}*(?:-%\\}${S}*|%\\})`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${S}*endraw${S}*(?:\\+%\\}|-%\\}${S}*|%\\})`, 'g');
const COMMENT_END = new RegExp(`(?:\\+#\\}|-#\\}${S}*|#\\})`, 'g');
const PRINT_END = new RegExp(`-\\}\\}${S}*|\\}\\}`, 'y');
const TAG_END = new RegExp(`\\+%\\}|-%\\}${S}*|%\\}`, 'y');
const BLANK = new RegExp(`${S}+`, 'y');
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{ID_Continue}]+/uy;
const IDENTIFIER = /^[\p{ID_Start}_]\p{ID_Continue}*$/u;
const STRING = /'([^'\\]*(?:\\[^][^'\\]*)*)'|"([^"\\]*(?:\\[^][^"\\]*)*)"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['{', '}'],
  ['(', ')'],
  ['[', ']'],
]);

/** The source as Jinja reads it: every line break is "\n", and one line break at the end is dropped. */
export function normalizeSource(source: string): string {
  const text = source.replace(/\r\n?/g, '\n');
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** Cuts a normalized source into tokens, comments and raw blocks resolved. @throws TemplateSyntaxError */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).run();
}

// A class because a cursor over a text is a resource with a lifetime: one call of tokenize.
class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#at < this.#source.length) this.#root();
    this.#push('end', '', this.#source.length);
    return this.#tokens;
  }

  #root(): void {
    BEGIN.lastIndex = this.#at;
    const begin = BEGIN.exec(this.#source);
    if (begin === null) {
      this.#data(this.#at, this.#source.length, '');
      this.#at = this.#source.length;
      return;
    }
    const raw = begin[0] === '{%' ? matchAt(RAW_BEGIN, this.#source, begin.index) : null;
    const sign = raw === null ? signAt(this.#source, begin.index + 2) : (raw[1] ?? '');
    this.#data(this.#at, begin.index, sign);
    this.#at = raw === null ? begin.index + 2 + sign.length : begin.index + raw[0].length;
    if (raw !== null) this.#raw(begin.index);
    else if (begin[0] === '{#') this.#comment(begin.index);
    else if (begin[0] === '{{') this.#code('print-begin', 'print-end', PRINT_END, begin.index);
    else this.#code('tag-begin', 'tag-end', TAG_END, begin.index);
  }

  #data(start: number, end: number, sign: string): void {
    const text = this.#source.slice(start, end);
    const kept = sign === '-' ? pythonRightStrip(text) : text;
    if (kept !== '') this.#push('data', kept, start);
  }

  #raw(offset: number): void {
    RAW_END.lastIndex = this.#at;
    const end = RAW_END.exec(this.#source);
    if (end === null) return this.#unclosed('a raw block is not closed: add {% endraw %}', offset);
    this.#data(this.#at, end.index, end[1] ?? '');
    this.#at = end.index + end[0].length;
  }

  #comment(offset: number): void {
    COMMENT_END.lastIndex = this.#at;
    const end = COMMENT_END.exec(this.#source);
    if (end === null) return this.#unclosed('a comment is not closed: add #}', offset);
    this.#at = end.index + end[0].length;
  }

  // Jinja takes no offence at what begins at the very end of the template.
  #unclosed(message: string, offset: number): void {
    if (this.#at < this.#source.length) throw new TemplateSyntaxError(message, offset);
  }

  #code(begin: TokenType, end: TokenType, endPattern: RegExp, offset: number): void {
    this.#push(begin, '', offset);
    const open: string[] = [];
    for (;;) {
      if (this.#at >= this.#source.length)
        throw new TemplateSyntaxError(`${begin === 'print-begin' ? '"{{"' : '"{%"'} is not closed`, offset);
      // Within brackets an end mark is read as operators: "}}" may close two dicts.
      const close = open.length === 0 ? matchAt(endPattern, this.#source, this.#at) : null;
      if (close !== null) {
        this.#push(end, '', this.#at);
        this.#at += close[0].length;
        return;
      }
      this.#token(open);
    }
  }

  #token(open: string[]): void {
    const at = this.#at;
    const take = (pattern: RegExp): string | undefined => matchAt(pattern, this.#source, at)?.[0];
    const blank = take(BLANK);
    if (blank !== undefined) {
      this.#at += blank.length;
      return;
    }
    const found = this.#literal(at) ?? this.#operator(take(OPERATOR), open);
    if (found === undefined) throw new TemplateSyntaxError(`unexpected character ${JSON.stringify(charAt(this.#source, at))}`, at);
    this.#at += found;
  }

  /** Takes a number, name or string; the length it has in the source, or undefined. */
  #literal(at: number): number | undefined {
    const number = matchAt(FLOAT, this.#source, at) ?? undefined;
    if (number !== undefined) return this.#push('float', number[0], at);
    const integer = matchAt(INTEGER, this.#source, at)?.[0];
    if (integer !== undefined) return this.#push('integer', integer, at);
    const name = matchAt(NAME, this.#source, at)?.[0];
    if (name !== undefined) {
      if (!IDENTIFIER.test(name)) throw new TemplateSyntaxError(`"${name}" is not a name: a name begins with a letter or "_"`, at);
      return this.#push('name', name, at);
    }
    const string = matchAt(STRING, this.#source, at);
    if (string === null) return undefined;
    this.#push('string', unescapeString(string[1] ?? string[2] ?? '', at), at);
    return string[0].length;
  }

  #operator(operator: string | undefined, open: string[]): number | undefined {
    if (operator === undefined || !isOperator(operator)) return undefined;
    const closing = CLOSING.get(operator);
    if (closing !== undefined) open.push(closing);
    if (operator === '}' || operator === ')' || operator === ']') {
      const expected = open.pop();
      if (expected === undefined) throw new TemplateSyntaxError(`unexpected "${operator}"`, this.#at);
      if (expected !== operator) throw new TemplateSyntaxError(`unexpected "${operator}", "${expected}" was expected`, this.#at);
    }
    return this.#push(operator, operator, this.#at);
  }

  #push(type: Token['type'], text: string, offset: number): number {
    this.#tokens.push({ type, text, offset });
    return text.length;
  }
}

const OPERATOR_SET: ReadonlySet<string> = new Set(OPERATORS);
const isOperator = (text: string): text is OperatorToken => OPERATOR_SET.has(text);

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function signAt(source: string, at: number): string {
  const char = source[at];
  return char === '-' || char === '+' ? char : '';
}

const charAt = (source: string, at: number): string => String.fromCodePoint(source.codePointAt(at) ?? 0);
