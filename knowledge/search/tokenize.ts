const WORDS = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts that are written without blanks between words. */
const RUNNING = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]+/gu;

/**
 * The words of a text as they are searched for: in one form of width and case (Unicode NFKC). Of scripts without blanks every pair of
 * neighbours is a word, as a search without a dictionary does it, and a character that stands alone. English plurals count as singulars.
 */
export function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  for (const [run] of text.normalize('NFKC').toLowerCase().matchAll(WORDS)) {
    let end = 0;
    for (const match of run.matchAll(RUNNING)) {
      if (match.index > end) tokens.push(singular(run.slice(end, match.index)));
      tokens.push(...pairsOf(match[0]));
      end = match.index + match[0].length;
    }
    if (end < run.length) tokens.push(singular(run.slice(end)));
  }
  return tokens;
}

function pairsOf(run: string): readonly string[] {
  const points = Array.from(run);
  return points.length === 1 ? points : points.slice(1).map((point, i) => `${points[i] ?? ''}${point}`);
}

/** The S-stemmer of Harman 1991: the few rules that help a search and hurt none. */
function singular(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  if (word.endsWith('ies') && !/[ae]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (word.endsWith('es')) return /[aeo]es$/.test(word) ? word : word.slice(0, -1);
  return word.endsWith('s') && !/[us]s$/.test(word) ? word.slice(0, -1) : word;
}
