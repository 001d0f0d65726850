import { RiskflowError, type ManifestEntry } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { manifestOf, resolveSampleSet } from './sample-address.ts';
import { storeLabels } from './samples.ts';

export type LabelRequest = {
  /** NAME[:VERSION] of a whole set. */
  readonly address: string;
  /** Label by sample id; others keep theirs. */
  readonly labels: ReadonlyMap<string, string>;
};

export type LabelledSet = {
  readonly sampleSet: string;
  readonly version: string;
  readonly rows: number;
  /** Samples whose label is another now. */
  readonly changed: number;
  readonly unlabelled: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly isNew: boolean;
};

const MOST_NAMED = 5;

/**
 * Gives samples labels, which makes a new version of their set. The same labels again write nothing.
 * @throws RiskflowError `usage` for a split; `not_found` that names ids that are not in the set
 */
export async function labelSamples(context: Context, { address, labels }: LabelRequest): Promise<LabelledSet> {
  const set = await resolveSampleSet(context, address);
  if (set.split !== null)
    throw new RiskflowError('usage', `${address} is a split: label the whole set "${set.set}", and split it again`, {
      hint: `riskflow sample label ${set.set} …`,
    });
  const before = await manifestOf(context, set);
  const known = new Set(before.map(({ id }) => id));
  const unknown = [...labels.keys()].filter((id) => !known.has(id));
  if (unknown.length > 0) {
    const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : '';
    throw new RiskflowError('not_found', `sample set "${set.set}" has no sample ${unknown.slice(0, MOST_NAMED).join(', ')}${more}`, {
      hint: `riskflow sample export ${set.set} shows their ids`,
    });
  }
  const manifest = before.map((entry): ManifestEntry => ({ ...entry, label: labels.get(entry.id) ?? entry.label }));
  const changed = manifest.filter(({ label }, i) => label !== before[i]?.label).length;
  const stored = await storeLabels(context, set, manifest);
  const counts = new Map<string, number>();
  for (const { label } of manifest) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  const unlabelled = manifest.filter(({ label }) => label === null).length;
  return { sampleSet: set.set, ...stored, rows: manifest.length, changed, unlabelled, labels: Object.fromEntries(counts) };
}
