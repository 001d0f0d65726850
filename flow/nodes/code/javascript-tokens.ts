import { tokenize, type Rule, type Token } from './tokens.ts';

const common: readonly Rule[] = [
  { kind: 'skip', pattern: /\s+|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y },
  { kind: 'text', pattern: /"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?/y },
  // Up to its end or to the next value within it.
  { kind: 'text', pattern: /`(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{|$)/y },
  { kind: 'word', pattern: /[\p{L}\p{Nl}_$#][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$]*/uy },
  { kind: 'word', pattern: /\d[\w.]*/y },
  { kind: 'sign', pattern: /=>|\?\.(?!\d)|\.\.\./y },
];
const afterOperator: readonly Rule[] = [
  ...common,
  { kind: 'text', pattern: /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y },
];
const restOfTemplate: Rule = { kind: 'text', pattern: /\}(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{|$)/y };

/** Tokens of JavaScript. A template with values in it is a text for each of its pieces, with the tokens of the values between them. */
export function javascriptTokens(code: string): readonly Token[] {
  // For each template that is open: how many braces are, within its value.
  const open: number[] = [];
  let seen: Token | undefined;
  return tokenize(code, (before) => {
    if (before !== seen && before !== undefined) follow(open, before);
    seen = before;
    const rules = endsValue(before) ? common : afterOperator;
    return open.at(-1) === 0 ? [restOfTemplate, ...rules] : rules;
  });
}

function follow(open: number[], { kind, text }: Token): void {
  const top = open.length - 1;
  if (kind === 'text') {
    if (text.startsWith('}')) open.pop();
    if (text.endsWith('${') && /^[`}]/.test(text)) open.push(0);
  } else if (top >= 0 && (text === '{' || text === '}')) open[top] = (open[top] ?? 0) + (text === '{' ? 1 : -1);
}

const BEFORE_VALUES = new Set('return typeof case in of delete void throw new else do await yield instanceof'.split(' '));

/** After a value a slash divides; else it opens a regular expression. */
function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'text') return !token.text.endsWith('${');
  if (token.kind === 'word') return !BEFORE_VALUES.has(token.text);
  return token.text === ')' || token.text === ']' || token.text === '}';
}
