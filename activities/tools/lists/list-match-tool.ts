import { renderText } from '../../../flow/index.ts';
import { isArray, type Tool, type Value } from '../../../schemas/index.ts';
import { gave, textArgument, toolFailed } from '../tool-results.ts';
import { createMatcher, type Hit } from './matcher.ts';
import { normalizeText } from './normalize-text.ts';

const MOST_ENTRIES = 100_000;
const LONGEST_LISTS = 5_000_000;
const LONGEST_TEXT = 1_000_000;

/**
 * Which entries of a list are in a text, in the order of the list, with how often. What lies within a phrase of the allow list does not
 * count. Outputs `matched` and `matches`; `json` holds the counts, `text` the entries line by line.
 */
export const listMatch: Tool['run'] = (args) => {
  const tidy = args.get('normalize') === false ? (text: string) => text : normalizeText;
  const mode = textArgument(args.get('mode'));
  const text = tidy(textArgument(args.get('content')));
  const entries = entriesOf(args.get('list'));
  const allowed = entriesOf(args.get('allow_list'));
  const length = [...entries, ...allowed].reduce((sum, entry) => sum + entry.length, 0);
  if (entries.length + allowed.length > MOST_ENTRIES || length > LONGEST_LISTS) {
    return toolFailed(`the lists have more than ${MOST_ENTRIES} entries or ${LONGEST_LISTS} characters`);
  }
  if (text.length > LONGEST_TEXT) return toolFailed(`the content has more than ${LONGEST_TEXT} characters`);
  const counts = countHits(text, { words: entries.map(tidy), allowed: allowed.map(tidy), mode });
  const matches = entries.filter((_, i) => (counts.get(i) ?? 0) > 0);
  return gave({
    text: matches.join('\n'),
    json: [
      new Map<string, Value>([
        ['matched', matches.length > 0],
        [
          'matches',
          Array.from(
            counts,
            ([i, count]) =>
              new Map<string, Value>([
                ['entry', entries[i] ?? ''],
                ['count', count],
              ]),
          ),
        ],
      ]),
    ],
    variables: new Map<string, Value>([
      ['matched', matches.length > 0],
      ['matches', matches],
    ]),
  });
};

/** Without blanks around them; empty ones and those that repeat another are left out. */
function entriesOf(value: Value | undefined): readonly string[] {
  const list = value !== undefined && isArray(value) ? value.map((item) => renderText(item).trim()) : [];
  return [...new Set(list.filter((entry) => entry !== ''))];
}

type Lists = { readonly words: readonly string[]; readonly allowed: readonly string[]; readonly mode: string };

/** By place in the list, in its order. */
function countHits(text: string, { words, allowed, mode }: Lists): ReadonlyMap<number, number> {
  if (mode === 'exact') {
    const at = allowed.includes(text) ? -1 : words.indexOf(text);
    return at < 0 ? new Map() : new Map([[at, 1]]);
  }
  const excused = coverOf([...createMatcher(allowed)(text)], text.length);
  const counts = new Map<number, number>();
  for (const hit of createMatcher(words)(text)) {
    if (excused(hit) || (mode === 'word' && !isWhole(text, hit))) continue;
    counts.set(hit.entry, (counts.get(hit.entry) ?? 0) + 1);
  }
  return new Map(Array.from(counts).toSorted(([a], [b]) => a - b));
}

/** Whether a hit lies within one of the others. */
function coverOf(hits: readonly Hit[], length: number): (hit: Hit) => boolean {
  if (hits.length === 0) return () => false;
  // How far the furthest that begins at a place or before it reaches.
  const reach = new Int32Array(length + 1);
  for (const { start, end } of hits) reach[start] = Math.max(reach[start] ?? 0, end);
  for (let i = 1; i <= length; i++) reach[i] = Math.max(reach[i] ?? 0, reach[i - 1] ?? 0);
  return ({ start, end }) => (reach[start] ?? 0) >= end;
}

const WORD = /[\p{L}\p{N}\p{M}_]/u;
/** Scripts without blanks between words. */
const RUNNING = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** No letter or digit goes on before or after it, but for scripts in which words follow each other. */
function isWhole(text: string, { start, end }: Hit): boolean {
  const goesOn = (inside: string | undefined, outside: string | undefined): boolean =>
    inside !== undefined &&
    outside !== undefined &&
    WORD.test(inside) &&
    WORD.test(outside) &&
    !RUNNING.test(inside) &&
    !RUNNING.test(outside);
  const pointBefore = (at: number): string | undefined => Array.from(text.slice(Math.max(at - 2, 0), at)).at(-1);
  const pointAt = (at: number): string | undefined => (at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : undefined);
  return !goesOn(pointAt(start), pointBefore(start)) && !goesOn(pointBefore(end), pointAt(end));
}
