/** Python's changes of case, by the full mappings of Unicode. */

const CASED = /\p{Cased}/u;
const LOWER = /\p{Lowercase}/u;
const UPPER = /\p{Uppercase}/u;
const TITLE = /\p{Lt}/u;
const ASCII = /^[\x00-\x7f]*$/;

export const isAscii = (text: string): boolean => ASCII.test(text);

/** `str.capitalize`: the first character in title case, the others in lower case. */
export function capitalize(text: string): string {
  const first = String.fromCodePoint(text.codePointAt(0) ?? 0);
  if (text === '') return '';
  // The whole text is lowered at once, since a sigma is lowered by where it stands in its word.
  return titleCharacter(first) + text.toLowerCase().slice(first.toLowerCase().length);
}

/** `str.title`: a character after one that has no case begins a word. */
export function titleWords(text: string): string {
  let result = '';
  let inWord = false;
  let at = 0;
  for (const char of text) {
    result += inWord ? lowerAt(text, at, char) : titleCharacter(char);
    inWord = CASED.test(char);
    at += char.length;
  }
  return result;
}

/** `str.swapcase`. */
export function swapCase(text: string): string {
  let result = '';
  let at = 0;
  for (const char of text) {
    result += UPPER.test(char) ? lowerAt(text, at, char) : LOWER.test(char) ? char.toUpperCase() : char;
    at += char.length;
  }
  return result;
}

const CASED_BEFORE = /\p{Cased}\p{Case_Ignorable}*$/u;
const CASED_AFTER = /^\p{Case_Ignorable}*\p{Cased}/u;
// How far to look for the neighbours of a letter; longer runs of marks do not occur in text.
const NEIGHBOURHOOD = 40;

/** The lower case of the character at a position: a sigma that ends a word has a form of its own. */
function lowerAt(text: string, at: number, char: string): string {
  if (char !== '\u03a3') return char.toLowerCase();
  const before = text.slice(Math.max(0, at - NEIGHBOURHOOD), at);
  const after = text.slice(at + 1, at + NEIGHBOURHOOD);
  return CASED_BEFORE.test(before) && !CASED_AFTER.test(after) ? '\u03c2' : '\u03c3';
}

export function isLower(text: string): boolean {
  let cased = false;
  for (const char of text) {
    if (UPPER.test(char) || TITLE.test(char)) return false;
    cased ||= LOWER.test(char);
  }
  return cased;
}

export function isUpper(text: string): boolean {
  let cased = false;
  for (const char of text) {
    if (LOWER.test(char) || TITLE.test(char)) return false;
    cased ||= UPPER.test(char);
  }
  return cased;
}

export function isTitle(text: string): boolean {
  let cased = false;
  let inWord = false;
  for (const char of text) {
    if (UPPER.test(char) || TITLE.test(char)) {
      if (inWord) return false;
      inWord = true;
      cased = true;
    } else if (LOWER.test(char)) {
      if (!inWord) return false;
      cased = true;
    } else {
      inWord = false;
    }
  }
  return cased;
}

const DIGRAPHS: ReadonlyMap<string, string> = new Map([
  ['Ǆ', 'ǅ'],
  ['Ǉ', 'ǈ'],
  ['Ǌ', 'ǋ'],
  ['Ǳ', 'ǲ'],
  ['ʼN', 'ʼN'],
]);

/** A character in title case, which differs from upper case for digraphs, ligatures, Georgian and some Greek letters. */
function titleCharacter(char: string): string {
  const upper = char.toUpperCase();
  if (upper.length === char.length && char < '\u0100') return upper;
  if (char >= '\u10d0' && char <= '\u10ff') return char;
  if (char >= '\u1f80' && char <= '\u1fff') return titleGreek(char, upper);
  const digraph = DIGRAPHS.get(upper);
  if (digraph !== undefined) return digraph;
  const first = String.fromCodePoint(upper.codePointAt(0) ?? 0);
  return first + upper.slice(first.length).toLowerCase();
}

// Greek letters with an iota below keep it below; in upper case it becomes a letter of its own.
function titleGreek(char: string, upper: string): string {
  const code = char.charCodeAt(0);
  if (code <= 0x1faf) return String.fromCharCode(code | 8);
  const base = code & ~0xf;
  const last = code & 0xf;
  if (base !== 0x1fb0 && base !== 0x1fc0 && base !== 0x1ff0) return upper;
  if (last === 3 || last === 0xc) return String.fromCharCode(base | 0xc);
  if (last === 7) return `${String.fromCharCode(base | 0xc)}\u0342`;
  return last === 2 || last === 4 ? `${upper.slice(0, -1)}\u0345` : upper;
}
