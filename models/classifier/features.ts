import { plainText } from './normalize-text.ts';
import { shapesOf } from './shape-features.ts';

/**
 * The version of what is below and of what it uses. An artifact names it: weights learned for one set of features mean nothing
 * for another, so every change that moves a feature is a new number.
 */
export const FEATURES_VERSION = 1;

/**
 * Features live in three blocks of a fixed space of hashed buckets. Each block is weighted and scaled by itself, so
 * that the many character n-grams of a text do not drown its few words.
 */
export const BLOCK_BITS = 18;
export const BLOCKS = 3;
export const FEATURE_SPACE = BLOCKS << BLOCK_BITS;

const CHARACTERS = 0;
const WORDS = 1;
const SHAPES = 2;

/** Buckets of a text, ascending, and how often each occurs. */
export type FeatureCounts = { readonly buckets: Int32Array; readonly counts: Uint16Array };

// Scripts written without spaces between words; runs of other letters, marks and digits are words; anything else that is no
// space stands for itself, with its repetitions.
const UNSPACED = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\u30fc\\u3005';
const TOKEN = new RegExp(`([${UNSPACED}]+)|((?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+)|([^\\s\\p{L}\\p{N}\\p{M}])\\3*`, 'gu');

const SHORTEST_GRAM = 2;
const LONGEST_GRAM = 5;
const LONGEST_UNSPACED_GRAM = 3;
/** Longer words are no words: only their beginning is used. */
const LONGEST_WORD = 40;

/** Counts the features of texts. It keeps 1.5 MB of scratch memory between calls, so make it once. */
export function createFeatureCounter(): (text: string) => FeatureCounts {
  const tally = createTally();
  return (text) => {
    const plain = plainText(text);
    countTokens(plain.toLowerCase(), tally.add);
    for (const shape of shapesOf(plain)) tally.add(SHAPES, hashText(shape, 0x5a4d));
    return tally.take();
  };
}

type Add = (block: number, hash: number) => void;

function countTokens(text: string, add: Add): void {
  // The hash of the token before, for pairs; 0 at the beginning and after an unspaced run.
  let previous = 0;
  for (const [token, unspaced, word] of text.matchAll(TOKEN)) {
    if (unspaced !== undefined) {
      countUnspaced(unspaced, add);
      previous = 0;
      continue;
    }
    const hash = hashText(token.slice(0, LONGEST_WORD), 0x77);
    add(WORDS, hash);
    add(WORDS, mix(Math.imul(previous, 0x01000193) ^ hash));
    if (word !== undefined) countWord(word.slice(0, LONGEST_WORD), add);
    previous = hash;
  }
}

function countWord(word: string, add: Add): void {
  // Numbers of one length are alike: "0800" and "0900" share "0000".
  const masked = word.replace(/\p{N}/gu, '0');
  if (masked !== word) add(WORDS, hashText(masked, 0x6d));
  // With its borders, so that beginnings and ends are features of their own.
  const bordered = ` ${word} `;
  for (let start = 0; start < bordered.length; start++) {
    let hashing = 0x811c9dc5;
    const end = Math.min(start + LONGEST_GRAM, bordered.length);
    for (let at = start; at < end; at++) {
      hashing = Math.imul(hashing ^ bordered.charCodeAt(at), 0x01000193);
      if (at - start + 1 >= SHORTEST_GRAM) add(CHARACTERS, mix(hashing));
    }
  }
}

// In UTF-16 units: rare characters beyond the basic plane count as two.
function countUnspaced(run: string, add: Add): void {
  for (let start = 0; start < run.length; start++) {
    let hashing = 0x2c1b3c6d;
    const end = Math.min(start + LONGEST_UNSPACED_GRAM, run.length);
    for (let at = start; at < end; at++) {
      hashing = Math.imul(hashing ^ run.charCodeAt(at), 0x01000193);
      add(at === start ? CHARACTERS : WORDS, mix(hashing));
    }
  }
}

/** FNV-1a over UTF-16 units with a seed, mixed. */
function hashText(text: string, seed: number): number {
  let hashing = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hashing = Math.imul(hashing ^ text.charCodeAt(i), 0x01000193);
  return mix(hashing);
}

/** Spreads the bits of a hash (the finalizer of MurmurHash3), so that any of them can be taken. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function createTally(): { readonly add: Add; readonly take: () => FeatureCounts } {
  const mask = (1 << BLOCK_BITS) - 1;
  const seen = new Uint16Array(FEATURE_SPACE);
  let touched: number[] = [];
  return {
    add(block, hash) {
      const bucket = (block << BLOCK_BITS) | (hash & mask);
      const count = seen[bucket] ?? 0;
      if (count === 0) touched.push(bucket);
      if (count < 0xffff) seen[bucket] = count + 1;
    },
    take() {
      const buckets = Int32Array.from(touched).sort();
      const counts = Uint16Array.from(buckets, (bucket) => seen[bucket] ?? 0);
      for (const bucket of buckets) seen[bucket] = 0;
      touched = [];
      return { buckets, counts };
    },
  };
}
