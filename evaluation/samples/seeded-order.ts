import { seededRandom, shuffled, uniform } from '../random/seeded-random.ts';

/**
 * The order in which an evaluation takes the samples of a set: shuffled under the seed and stratified, so that every beginning
 * of it holds each label in about its share of the whole set (within one sample). An early look at such a beginning is a look
 * at a random part of the set. Depends on ids and labels, not on the order of `samples`.
 *
 * Systematic sampling within each label from a random start (W. Cochran, Sampling Techniques, 3rd ed., ch. 8).
 */
export function seededOrder(samples: readonly { readonly id: string; readonly label: string | null }[], seed: number): readonly string[] {
  const random = seededRandom(seed, 1);
  const byLabel = new Map<string | null, string[]>();
  for (const { id, label } of samples) {
    const ids = byLabel.get(label);
    if (ids === undefined) byLabel.set(label, [id]);
    else ids.push(id);
  }
  const placed: { readonly id: string; readonly at: number; readonly label: string }[] = [];
  // A label and its absence differ: a text label gets a prefix.
  const strata = [...byLabel].map(([label, ids]) => ({ key: label === null ? '' : `=${label}`, ids }));
  for (const { key, ids } of strata.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const start = uniform(random);
    const order = shuffled(ids.sort(), random);
    order.forEach((id, index) => placed.push({ id, at: (index + start) / order.length, label: key }));
  }
  return placed.sort((a, b) => a.at - b.at || (a.label < b.label ? -1 : 1)).map(({ id }) => id);
}
