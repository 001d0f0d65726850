/** Length of the longest beginning of `order` in which every sample is complete. */
export function prefixLength(order: readonly string[], isComplete: (sampleId: string, index: number) => boolean): number {
  const gap = order.findIndex((sampleId, index) => !isComplete(sampleId, index));
  return gap === -1 ? order.length : gap;
}

/**
 * The longest beginning of the seeded order whose samples have results of all variants and repeats. Only these may be judged
 * before the end: which samples finish first depends on how long they take, the order does not.
 */
export function completePrefix(work: {
  readonly order: readonly string[];
  readonly variants: readonly string[];
  readonly repeats: number;
  readonly results: Iterable<{ readonly sampleId: string; readonly variant: string; readonly repeat: number }>;
}): readonly string[] {
  const variants = new Set(work.variants);
  const seen = new Map<string, Set<string>>();
  for (const { sampleId, variant, repeat } of work.results) {
    if (!variants.has(variant)) continue;
    const results = seen.get(sampleId) ?? new Set<string>();
    seen.set(sampleId, results.add(`${repeat}:${variant}`));
  }
  const needed = variants.size * work.repeats;
  return work.order.slice(
    0,
    prefixLength(work.order, (id) => (seen.get(id)?.size ?? 0) >= needed),
  );
}
