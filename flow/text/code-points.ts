/**
 * Python's strings are sequences of code points, JavaScript's of UTF-16 units; these helpers count, cut and order as Python does.
 */

const SURROGATE = /[\ud800-\udfff]/;
const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Whether positions in UTF-16 units are also positions in code points. */
export const isOneUnitPerCodePoint = (text: string): boolean => !SURROGATE.test(text);

/** Length in code points. */
export function codePointLength(text: string): number {
  if (!SURROGATE.test(text)) return text.length;
  return text.length - (text.match(SURROGATE_PAIR)?.length ?? 0);
}

/** The part from code point `start` up to `end`; both count from 0, and what lies outside is ignored. */
export function sliceCodePoints(text: string, start: number, end: number): string {
  if (!SURROGATE.test(text)) return text.slice(Math.max(start, 0), Math.max(end, 0));
  return Array.from(text).slice(Math.max(start, 0), Math.max(end, 0)).join('');
}

/** The order of Python's `<` on strings: by code point, negative when `a` comes first. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return unitRank(x) - unitRank(y);
  }
  return a.length - b.length;
}

// A surrogate unit belongs to a code point above U+FFFF and so comes after the units U+E000 to U+FFFF, which are larger.
const unitRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
