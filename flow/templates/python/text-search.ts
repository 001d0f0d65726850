import { codePointLength, sliceCodePoints, isOneUnitPerCodePoint } from '../../text/index.ts';
import { toIndex } from './numbers.ts';
import type { Py } from './values.ts';

/** Start and end positions of Python's slices, clamped to the length; null and undefined are the ends. */
export function clampRange(start: Py | undefined, end: Py | undefined, length: number): readonly [start: number, end: number] {
  return [clampIndex(start, 0, length), clampIndex(end, length, length)];
}

function clampIndex(index: Py | undefined, otherwise: number, length: number): number {
  if (index === undefined || index === null) return otherwise;
  const at = toIndex(index, 'a position');
  return at < 0 ? Math.max(at + length, 0) : Math.min(at, length);
}

/** A part of a text whose positions count code points: from `start` on, which is −1 when start lies behind the end. */
export type Part = { readonly text: string; readonly start: number };

/** What `find`, `count`, `startswith` and the like look at; undefined when the part begins behind the end of the text. */
export function partOf(text: string, start: Py | undefined, end: Py | undefined): Part | undefined {
  if (start === undefined && end === undefined) return { text, start: 0 };
  const length = codePointLength(text);
  const [from, to] = clampRange(start, end, length);
  if (from > to || (start !== undefined && start !== null && toIndex(start, 'a position') > length)) return undefined;
  return { text: sliceCodePoints(text, from, to), start: from };
}

/** The position, in code points, of a part in a text; −1 when it is not there. */
export function findText(part: Part, wanted: string, last: boolean): number {
  const at = last ? part.text.lastIndexOf(wanted) : part.text.indexOf(wanted);
  if (at < 0) return -1;
  return part.start + (isOneUnitPerCodePoint(part.text) ? at : codePointLength(part.text.slice(0, at)));
}

/** How often a text is found without overlaps; the empty text is found between all characters. */
export function countText({ text }: Part, wanted: string): number {
  if (wanted === '') return codePointLength(text) + 1;
  let count = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) count++;
  return count;
}

/** `str.replace`: at most `limit` times, all when it is negative. The length of the result is known from `countText`. */
export function replaceText(text: string, from: string, to: string, limit: number): string {
  if (limit < 0 && from !== '') return text.replaceAll(from, () => to);
  const pieces = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  const times = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1);
  const head = pieces.slice(0, times).map((piece) => piece + to);
  if (from !== '') return head.join('') + pieces.slice(times).join(from);
  return replaceBetween(Array.from(text), to, times);
}

// The empty text stands before every character and at the end.
function replaceBetween(characters: readonly string[], to: string, times: number): string {
  let result = '';
  characters.forEach((char, i) => (result += i < times ? to + char : char));
  return times > characters.length ? result + to : result;
}
