import { exactLn } from './exact-math.ts';
import { BLOCK_BITS, BLOCKS, FEATURE_SPACE, type FeatureCounts } from './features.ts';

/** The features that a model knows: those found in at least two of its training texts. */
export type Vocabulary = {
  /** Ascending. */
  readonly buckets: Int32Array;
  /** In how many training texts each occurs. */
  readonly documents: Int32Array;
  /** Number of training texts. */
  readonly size: number;
};

/** Weighted texts in compressed rows: row i holds `columns` and `values` from `starts[i]` up to `starts[i + 1]`. */
export type SparseRows = { readonly starts: Int32Array; readonly columns: Int32Array; readonly values: Float32Array };

/**
 * Lengths of the blocks of a row: characters, words, shapes. Shapes are few and in every text, so at full length they would outweigh
 * what a text says: reports of different kinds can look the same.
 */
const BLOCK_LENGTHS = [1, 1, 0.3] as const;

/** Features in a single text are left out: they would let the model learn that text by heart. */
const FEWEST_DOCUMENTS = 2;

export function buildVocabulary(texts: readonly FeatureCounts[]): Vocabulary {
  const found = new Int32Array(FEATURE_SPACE);
  for (const { buckets } of texts) for (const bucket of buckets) found[bucket] = (found[bucket] ?? 0) + 1;
  const kept: number[] = [];
  found.forEach((documents, bucket) => {
    if (documents >= FEWEST_DOCUMENTS) kept.push(bucket);
  });
  const buckets = Int32Array.from(kept);
  return { buckets, documents: buckets.map((bucket) => found[bucket] ?? 0), size: texts.length };
}

/** Turns counted features into weighted rows of a vocabulary. */
export type RowWeigher = {
  /** Writes one row at the beginning of the arrays, which must have room for all its features; returns its length. */
  weigh(text: FeatureCounts, columns: Int32Array, values: Float32Array): number;
};

/**
 * Weights of tf-idf: (1 + ln count) × (ln((1 + n) / (1 + documents)) + 1), each block of features scaled to its own length, and
 * the row so that it has length 1 when it has features in all blocks.
 */
export function createRowWeigher(vocabulary: Vocabulary): RowWeigher {
  const columnOf = new Int32Array(FEATURE_SPACE).fill(-1);
  vocabulary.buckets.forEach((bucket, column) => (columnOf[bucket] = column));
  const idf = Float32Array.from(vocabulary.documents, (documents) => exactLn((1 + vocabulary.size) / (1 + documents)) + 1);
  const tf = Float32Array.from({ length: 256 }, (_, count) => (count === 0 ? 0 : 1 + exactLn(count)));
  const squares = new Float64Array(BLOCKS);
  const whole = Math.sqrt(BLOCK_LENGTHS.reduce((sum, length) => sum + length * length, 0));
  return {
    weigh({ buckets, counts }, columns, values) {
      squares.fill(0);
      let length = 0;
      for (let i = 0; i < buckets.length; i++) {
        const column = columnOf[buckets[i] ?? 0] ?? -1;
        if (column < 0) continue;
        const value = (tf[Math.min(counts[i] ?? 0, 255)] ?? 0) * (idf[column] ?? 0);
        const block = (buckets[i] ?? 0) >> BLOCK_BITS;
        squares[block] = (squares[block] ?? 0) + value * value;
        columns[length] = column;
        values[length] = value;
        length += 1;
      }
      for (let i = 0; i < length; i++) {
        const block = (vocabulary.buckets[columns[i] ?? 0] ?? 0) >> BLOCK_BITS;
        values[i] = ((values[i] ?? 0) * (BLOCK_LENGTHS[block] ?? 1)) / (whole * Math.sqrt(squares[block] ?? 1));
      }
      return length;
    },
  };
}

export function weighRows(texts: readonly FeatureCounts[], vocabulary: Vocabulary): SparseRows {
  const weigher = createRowWeigher(vocabulary);
  const starts = new Int32Array(texts.length + 1);
  const room = texts.reduce((sum, { buckets }) => sum + buckets.length, 0);
  const columns = new Int32Array(room);
  const values = new Float32Array(room);
  let end = 0;
  texts.forEach((text, row) => {
    end += weigher.weigh(text, columns.subarray(end), values.subarray(end));
    starts[row + 1] = end;
  });
  return { starts, columns: columns.subarray(0, end), values: values.subarray(0, end) };
}
