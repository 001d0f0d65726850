import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatcher } from './matcher.ts';

/** Every place of every word, looked for one by one. */
function naive(words: readonly string[], text: string): readonly string[] {
  const hits: string[] = [];
  for (const [entry, word] of words.entries()) {
    if (word === '' || words.indexOf(word) !== entry) continue;
    for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1))
      hits.push(`${entry} ${start} ${start + word.length}`);
  }
  return hits.toSorted();
}

describe('createMatcher', () => {
  it('finds what a search for each word finds', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '中', '😀'), maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '中', '😀'), maxLength: 40 }),
        (words, text) => {
          const hits = Array.from(createMatcher(words)(text), ({ entry, start, end }) => `${entry} ${start} ${end}`);
          expect(hits.toSorted()).toEqual(naive(words, text));
        },
      ),
    );
  });
});
