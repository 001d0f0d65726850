import { tokenize, type Token } from './tokens.ts';

/** A module that code imports: the first part of its name, and the line of the first import. */
export type PythonImport = { readonly name: string; readonly line: number };

const rules = [
  { kind: 'skip', pattern: /[ \t\f\r]+|\\\r?\n|#[^\n]*/y },
  { kind: 'newline', pattern: /\n/y },
  {
    kind: 'text',
    pattern: /(?:[rbuftRBUFT]{0,3})(?:"""(?:[^\\]|\\[^])*?"""|'''(?:[^\\]|\\[^])*?'''|"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?)/y,
  },
  { kind: 'word', pattern: /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy },
  { kind: 'word', pattern: /\d[\w.]*/y },
] as const;

/** What Python code imports by name, each once, in the order of the code. Imports inside functions count; those within a package do not. */
export function pythonImports(code: string): readonly PythonImport[] {
  const tokens = tokenize(code, () => rules);
  const found = new Map<string, number>();
  for (const [i, token] of tokens.entries()) {
    if (!startsStatement(tokens, i)) continue;
    const names = token.text === 'import' ? importedNames(tokens, i + 1) : token.text === 'from' ? sourceName(tokens, i + 1) : [];
    for (const name of names) if (!found.has(name)) found.set(name, token.line);
  }
  return [...found].map(([name, line]) => ({ name, line }));
}

function startsStatement(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return tokens[i]?.kind === 'word' && (before === undefined || before.kind === 'newline' || before.text === ';' || before.text === ':');
}

/** `import a.b as c, d` */
function importedNames(tokens: readonly Token[], from: number): readonly string[] {
  const names: string[] = [];
  for (let i = from; ; i += 1) {
    const token = tokens[i];
    if (token?.kind !== 'word') return names;
    names.push(token.text);
    while (tokens[i + 1] !== undefined && tokens[i + 1]?.kind !== 'newline' && tokens[i + 1]?.text !== ',' && tokens[i + 1]?.text !== ';')
      i += 1;
    if (tokens[i + 1]?.text !== ',') return names;
    i += 1;
  }
}

/** `from a.b import c`; `from .a import b` is of the code itself. */
function sourceName(tokens: readonly Token[], from: number): readonly string[] {
  const token = tokens[from];
  return token?.kind === 'word' ? [token.text] : [];
}
