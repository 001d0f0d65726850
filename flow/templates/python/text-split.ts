import { PYTHON_SPACE, pythonLeftStrip, pythonRightStrip, pythonStrip } from '../../text/index.ts';
import { fail } from './values.ts';

const BLANKS = new RegExp(`[${PYTHON_SPACE}]+`);
const ALL_BLANKS = new RegExp(`[${PYTHON_SPACE}]+`, 'g');
const LINE_BREAK = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** `str.split`: at the separator, or without one at runs of blanks; at most `limit` times, always when it is negative. */
export function splitText(text: string, separator: string | undefined, limit: number): string[] {
  if (separator === '') return fail('ValueError', 'the separator is empty');
  if (separator === undefined) return splitAtBlanks(text, limit);
  const pieces = text.split(separator);
  if (limit < 0 || pieces.length <= limit + 1) return pieces;
  return [...pieces.slice(0, limit), pieces.slice(limit).join(separator)];
}

/** `str.rsplit`: the same, but counted from the end. */
export function splitTextFromEnd(text: string, separator: string | undefined, limit: number): string[] {
  if (separator === '') return fail('ValueError', 'the separator is empty');
  if (limit < 0) return splitText(text, separator, -1);
  if (separator === undefined) return splitAtBlanksFromEnd(text, limit);
  const pieces = text.split(separator);
  if (pieces.length <= limit + 1) return pieces;
  const rest = pieces.length - limit;
  return [pieces.slice(0, rest).join(separator), ...pieces.slice(rest)];
}

function splitAtBlanks(text: string, limit: number): string[] {
  const stripped = pythonStrip(text);
  if (stripped === '') return [];
  if (limit < 0) return stripped.split(BLANKS);
  const pieces: string[] = [];
  let rest = pythonLeftStrip(text);
  while (pieces.length < limit) {
    const blank = BLANKS.exec(rest);
    if (blank === null) break;
    pieces.push(rest.slice(0, blank.index));
    rest = rest.slice(blank.index + blank[0].length);
  }
  return rest === '' ? pieces : [...pieces, rest];
}

function splitAtBlanksFromEnd(text: string, limit: number): string[] {
  const stripped = pythonRightStrip(text);
  if (pythonStrip(text) === '') return [];
  const blanks = [...pythonLeftStrip(stripped).matchAll(ALL_BLANKS)];
  const skipped = stripped.length - pythonLeftStrip(stripped).length;
  const cuts = limit >= blanks.length ? blanks : blanks.slice(blanks.length - limit);
  const pieces: string[] = [];
  let at = limit > blanks.length ? skipped : 0;
  for (const blank of cuts) {
    const start = skipped + blank.index;
    pieces.push(stripped.slice(at, start));
    at = start + blank[0].length;
  }
  return [...pieces, stripped.slice(at)];
}

/** `str.splitlines`. */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const match of text.matchAll(LINE_BREAK)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(at, keepEnds ? end : match.index));
    at = end;
  }
  return at < text.length ? [...lines, text.slice(at)] : lines;
}

/** `str.strip(chars)`: the characters of `chars`, in any order, are taken from the ends. */
export function stripCharacters(text: string, chars: string, ends: 'both' | 'left' | 'right'): string {
  const set = new Set(chars);
  const characters = Array.from(text);
  let start = 0;
  let end = characters.length;
  if (ends !== 'right') while (start < end && set.has(characters[start] ?? '')) start++;
  if (ends !== 'left') while (end > start && set.has(characters[end - 1] ?? '')) end--;
  return characters.slice(start, end).join('');
}
