import { tokenize } from './tokenize.ts';

/** Finds passages by their words. */
export type WordIndex = {
  /** Scores above 0 by place of the passage, in no order. `allowed` leaves passages out. */
  search(query: string, allowed: (passage: number) => boolean): ReadonlyMap<number, number>;
};

// The usual settings of BM25 (Robertson and Zaragoza 2009).
const K1 = 1.2;
const B = 0.75;

/**
 * An index in memory that scores by BM25, as a share of what a passage would get that held every word of the query more often than can be
 * told: between 0 and 1, whatever the length of the query. Rare words count more; the length of a passage is made up for.
 */
export function createWordIndex(passages: readonly string[]): WordIndex {
  const postings = new Map<string, number[]>();
  const lengths = passages.map((text, passage) => {
    const counts = new Map<string, number>();
    const tokens = tokenize(text);
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const [token, count] of counts) {
      const list = postings.get(token);
      // Passage and count, one after the other: pairs would cost far more memory.
      if (list === undefined) postings.set(token, [passage, count]);
      else list.push(passage, count);
    }
    return tokens.length;
  });
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(lengths.length, 1);
  const rarity = (found: number): number => Math.log(1 + (passages.length - found + 0.5) / (found + 0.5));
  return {
    search(query, allowed) {
      const scores = new Map<number, number>();
      let most = 0;
      for (const token of new Set(tokenize(query))) {
        const list = postings.get(token) ?? [];
        const weight = rarity(list.length / 2);
        most += weight * (K1 + 1);
        for (let i = 0; i < list.length; i += 2) {
          const passage = list[i] ?? 0;
          const count = list[i + 1] ?? 0;
          if (!allowed(passage)) continue;
          const norm = K1 * (1 - B + (B * (lengths[passage] ?? 0)) / average);
          scores.set(passage, (scores.get(passage) ?? 0) + (weight * count * (K1 + 1)) / (count + norm));
        }
      }
      return most === 0 ? scores : new Map(Array.from(scores, ([passage, score]) => [passage, score / most]));
    },
  };
}
