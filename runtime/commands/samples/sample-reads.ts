import { decodeValues, type Json, type SampleSetVersionRow, type Value } from '../../../schemas/index.ts';
import { textOf, type Context } from '../../context.ts';
import { manifestOf, resolveSampleSet } from './sample-address.ts';

/** All versions and splits of all sets, oldest first. */
export async function listSampleSets(context: Context): Promise<readonly SampleSetVersionRow[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return context.storage.read.sampleSetVersions(context.workspaceId);
}

/** One set version and how many of its texts and clusters are distinct. */
export async function showSampleSet(
  context: Context,
  address: string,
): Promise<{ readonly set: SampleSetVersionRow; readonly texts: number; readonly clusters: number | null }> {
  const set = await resolveSampleSet(context, address);
  const manifest = await manifestOf(context, set);
  const clusters = new Set(manifest.flatMap((entry) => (entry.cluster === null ? [] : [entry.cluster])));
  return { set, texts: new Set(manifest.map((entry) => entry.textHash)).size, clusters: set.clusterField === null ? null : clusters.size };
}

export type ExportedSample = {
  readonly id: string;
  readonly label: string | null;
  readonly cluster: string | null;
  readonly fields: ReadonlyMap<string, Value>;
};

/** The samples of a set version in their order. */
export async function* exportSamples(context: Context, address: string): AsyncGenerator<ExportedSample, void> {
  const manifest = await manifestOf(context, await resolveSampleSet(context, address));
  for (let from = 0; from < manifest.length; from += 500) {
    const part = manifest.slice(from, from + 500);
    const blobs = await context.storage.blobs.readMany(
      context.workspaceId,
      part.map((entry) => entry.fields),
    );
    for (const entry of part) {
      const bytes = blobs.get(entry.fields);
      const fields = bytes === undefined ? new Map<string, Value>() : decodeValues(JSON.parse(textOf(bytes)) as Json);
      yield { id: entry.id, label: entry.label, cluster: entry.cluster, fields };
    }
  }
}
