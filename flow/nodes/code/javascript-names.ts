import { javascriptTokens } from './javascript-tokens.ts';
import type { Token } from './tokens.ts';

/** A name that code uses without having declared it, and the line where it does so first. */
export type UsedName = { readonly name: string; readonly line: number };

/**
 * Which of some names the code takes from its surroundings. A name that is declared anywhere in the code counts as its own, and `typeof name`
 * is no use of it.
 */
export function usedNames(code: string, wanted: ReadonlySet<string>): readonly UsedName[] {
  const tokens = javascriptTokens(code);
  const own = declaredNames(tokens);
  const found = new Map<string, number>();
  for (const [i, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word' || !wanted.has(text) || own.has(text) || found.has(text)) continue;
    if (isReference(tokens, i)) found.set(text, line);
  }
  return [...found].map(([name, line]) => ({ name, line }));
}

/** The line of the first `import` or `export` statement; undefined when there is none. */
export function moduleLine(code: string): number | undefined {
  const tokens = javascriptTokens(code);
  const at = tokens.findIndex(({ kind, text }, i) => {
    if (kind !== 'word' || (text !== 'import' && text !== 'export')) return false;
    const before = tokens[i - 1];
    const after = tokens[i + 1];
    return (
      (before === undefined || before.text === ';' || before.text === '}' || before.line < (tokens[i]?.line ?? 0)) &&
      after?.text !== '.' &&
      after?.text !== ':'
    );
  });
  return tokens[at]?.line;
}

function isReference(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1]?.text;
  if (before === 'typeof') return false;
  if (before === '.' || before === '?.') return tokens[i - 2]?.text === 'globalThis';
  // A key of an object is none; `a ? process : b` is one.
  return !(tokens[i + 1]?.text === ':' && (before === '{' || before === ','));
}

const DECLARING = new Set(['const', 'let', 'var', 'function', 'class']);
const OPENING: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

function declaredNames(tokens: readonly Token[]): ReadonlySet<string> {
  const own = new Set<string>();
  const addAll = (from: number, to: number): void => {
    for (const token of tokens.slice(from, to)) if (token.kind === 'word') own.add(token.text);
  };
  for (const [i, { kind, text }] of tokens.entries()) {
    const next = tokens[i + 1];
    if (kind === 'word' && DECLARING.has(text) && next !== undefined) {
      // `const {a, b} = …`, `const a = …`; `function* a`
      if (next.kind === 'sign' && next.text in OPENING && text !== 'function') addAll(i + 2, closing(tokens, i + 1));
      else own.add(next.text === '*' ? (tokens[i + 2]?.text ?? '') : next.text);
    }
    if (text === '=>' && tokens[i - 1]?.kind === 'word') own.add(tokens[i - 1]?.text ?? '');
    if (kind === 'sign' && text === '(') {
      const end = closing(tokens, i);
      if (hasParameters(tokens, i, end)) addAll(i + 1, end);
    }
  }
  return own;
}

/** Whether these parentheses hold parameters: of a function, an arrow, or a catch. */
function hasParameters(tokens: readonly Token[], from: number, end: number): boolean {
  const before = tokens[from - 1]?.text;
  const beforeThat = tokens[from - 2]?.text;
  return tokens[end + 1]?.text === '=>' || before === 'function' || before === 'catch' || beforeThat === 'function';
}

/** Index of the sign that closes the one at `from`; the end when there is none. */
function closing(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i += 1) {
    const { kind, text } = tokens[i] ?? { kind: 'text', text: '' };
    if (kind !== 'sign') continue;
    if (text in OPENING) depth += 1;
    else if (text === ')' || text === '}' || text === ']') depth -= 1;
    if (depth === 0) return i;
  }
  return tokens.length;
}
