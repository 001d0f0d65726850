import { sha256Hex } from '../schemas/core.ts';

/**
 * Distinct reporters as the smallest hashes of their names, in rising order (k minimum values: Bar-Yossef et al., "Counting distinct
 * elements in a data stream", 2002). Fewer than `SKETCH_SIZE` hashes are all there are, and the count is exact. Merging is the union cut to
 * its smallest, so neither order nor repetition changes a sketch.
 */
export type ReporterSketch = readonly number[];

/** The relative standard error of an estimate is at most 1 / √(size − 2), which is 6.3 %. */
export const SKETCH_SIZE = 256;
export const NO_REPORTERS: ReporterSketch = [];

const HEX_DIGITS = 13;
/** Hashes are below this: they fit exactly into a double. */
const HASH_RANGE = 2 ** (4 * HEX_DIGITS);

export const hashReporter = (reporter: string): number => Number.parseInt(sha256Hex(reporter).slice(0, HEX_DIGITS), 16);

export function addReporter(sketch: ReporterSketch, hash: number): ReporterSketch {
  const last = sketch[sketch.length - 1];
  if (sketch.length === SKETCH_SIZE && last !== undefined && hash >= last) return sketch;
  const at = placeOf(sketch, hash);
  if (sketch[at] === hash) return sketch;
  return [...sketch.slice(0, at), hash, ...sketch.slice(at, SKETCH_SIZE - 1)];
}

/** Index of the first element that is not below `hash`. */
function placeOf(sketch: ReporterSketch, hash: number): number {
  let low = 0;
  let high = sketch.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sketch[middle] ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function mergeSketches(sketches: Iterable<ReporterSketch>): ReporterSketch {
  const all = new Set<number>();
  for (const sketch of sketches) for (const hash of sketch) all.add(hash);
  return Array.from(all)
    .sort((a, b) => a - b)
    .slice(0, SKETCH_SIZE);
}

/** How many reporters there are: exact below `SKETCH_SIZE`, else the unbiased estimate (k − 1) / (k-th smallest hash as a share). */
export function countReporters(sketch: ReporterSketch): number {
  const last = sketch[sketch.length - 1];
  if (sketch.length < SKETCH_SIZE || last === undefined) return sketch.length;
  return Math.round((SKETCH_SIZE - 1) / ((last + 1) / HASH_RANGE));
}

export const encodeSketch = (sketch: ReporterSketch): string => sketch.map((hash) => hash.toString(16).padStart(HEX_DIGITS, '0')).join('');

export const decodeSketch = (text: string): ReporterSketch =>
  Array.from({ length: text.length / HEX_DIGITS }, (_, i) => Number.parseInt(text.slice(i * HEX_DIGITS, (i + 1) * HEX_DIGITS), 16));
