import { ErrorCode, RiskflowError } from '../../schemas/core.ts';

/** A stream of 32-bit numbers, 0 … 2^32−1, each equally likely. */
export type Random = { readonly uint32: () => number };

/**
 * xoshiro128** 1.1 (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021), from a
 * given state of four 32-bit words that are not all 0. Not for secrets.
 */
export function xoshiro128(state: readonly [number, number, number, number]): Random {
  let [s0, s1, s2, s3] = state;
  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result;
  };
  return { uint32 };
}

const rotateLeft = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** The first `count` outputs of SplitMix64 (G. Steele et al., OOPSLA 2014), which the authors of xoshiro advise for seeding. */
export function splitMix64(seed: bigint, count: number): readonly bigint[] {
  const outputs: bigint[] = [];
  let state = BigInt.asUintN(64, seed);
  for (let i = 0; i < count; i++) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    outputs.push(z ^ (z >> 31n));
  }
  return outputs;
}

/**
 * The generator of a seed: SplitMix64 twice, each output giving its low, then its high word to xoshiro128**. Equal seeds give
 * equal streams on every machine. `purpose` keeps streams of one seed apart.
 * @throws RiskflowError `usage` when the seed is not a safe integer.
 */
export function seededRandom(seed: number, purpose = 0): Random {
  if (!Number.isSafeInteger(seed)) throw new RiskflowError(ErrorCode.usage, `a seed must be an integer, not ${seed}`);
  const [a = 0n, b = 0n] = splitMix64(BigInt(seed) + (BigInt(purpose) << 56n), 2);
  const word = (x: bigint): number => Number(BigInt.asIntN(32, x));
  return xoshiro128([word(a), word(a >> 32n), word(b), word(b >> 32n)]);
}

/** A double in [0, 1) with 53 random bits. */
export const uniform = (random: Random): number => ((random.uint32() >>> 5) * 67108864 + (random.uint32() >>> 6)) / 9007199254740992;

/** An integer in [0, bound), without bias: values from the incomplete last block are drawn again. `bound` is 1 … 2^32. */
export function below(random: Random, bound: number): number {
  const limit = 4294967296 - (4294967296 % bound);
  let value = random.uint32();
  while (value >= limit) value = random.uint32();
  return value % bound;
}

/** A shuffled copy (Fisher–Yates, Durstenfeld 1964). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    const [a, b] = [copy[i] as T, copy[j] as T];
    copy[i] = b;
    copy[j] = a;
  }
  return copy;
}
