/** A word or a sign of some code, with the line (from 1) it stands in. Comments and the insides of texts are left out. */
export type Token = { readonly kind: 'word' | 'sign' | 'text' | 'newline'; readonly text: string; readonly line: number };

/** How a token looks; the pattern is sticky. */
export type Rule = { readonly kind: Token['kind'] | 'skip'; readonly pattern: RegExp };

/**
 * Cuts code into tokens by the first rule that fits at each place (patterns are sticky); what fits none is a sign of one character. `before`
 * is the last token that is not a newline: it may decide what a character means.
 */
export function tokenize(code: string, rules: (before: Token | undefined) => readonly Rule[]): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let before: Token | undefined;
  for (let at = 0; at < code.length;) {
    const { kind, text } = tokenAt(code, at, rules(before));
    if (kind !== 'skip') {
      const token = { kind, text, line };
      tokens.push(token);
      if (kind !== 'newline') before = token;
    }
    for (const character of text) if (character === '\n') line += 1;
    at += text.length;
  }
  return tokens;
}

function tokenAt(code: string, at: number, rules: readonly Rule[]): { readonly kind: Rule['kind']; readonly text: string } {
  for (const { kind, pattern } of rules) {
    pattern.lastIndex = at;
    const text = pattern.exec(code)?.[0];
    if (text !== undefined && text !== '') return { kind, text };
  }
  return { kind: 'sign', text: code.charAt(at) };
}
