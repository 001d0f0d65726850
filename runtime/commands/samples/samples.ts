import { splitSamples } from '../../../evaluation/index.ts';
import {
  hashJson,
  RiskflowError,
  type ManifestEntry,
  type SampleSetVersionCreated,
  type SampleSetVersionRow,
} from '../../../schemas/index.ts';
import { sha256Bytes, utf8, type Context, type OnProgress } from '../../context.ts';
import { readSamples, type ColumnMap, type RejectedRow, type SampleRow } from './sample-rows.ts';
import { latestImport, manifestOf, resolveSampleSet } from './sample-address.ts';

export type ImportSamplesRequest = {
  readonly set: string;
  readonly path: string;
  readonly columns: ColumnMap;
  /** Import what is valid and report the rest; else one invalid row means that nothing is imported. */
  readonly keepValid: boolean;
  /** Leave out rows whose text an earlier row has. */
  readonly dedupe: boolean;
  readonly onProgress?: OnProgress;
};
export type ImportedSamples = {
  readonly sampleSet: string;
  readonly version: string;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedRow[];
  readonly labels: Readonly<Record<string, number>>;
  readonly isNew: boolean;
};

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,99}$/u;

/** Imports a file as the new version of a sample set. The same content as the latest version writes nothing. */
export async function importSamples(context: Context, request: ImportSamplesRequest): Promise<ImportedSamples> {
  const { set, path } = request;
  checkSetName(set);
  const read = await readSamples(path, request.columns);
  if (read.rejected.length > 0 && !request.keepValid) throw rejectedError(path, read.rejected);
  const seen = new Set<string>();
  const kept: SampleRow[] = [];
  let dropped = 0;
  for (const row of read.rows) {
    if (request.dedupe && seen.has(row.textHash)) dropped++;
    else kept.push(row);
    seen.add(row.textHash);
  }
  if (kept.length === 0) throw new RiskflowError('invalid_file', `${path} has no valid sample: nothing was imported`);
  const stored = await storeSamples(context, {
    set,
    rows: kept,
    textField: read.textField,
    clusterField: request.columns.cluster ?? null,
    fieldNames: read.fieldNames,
    dropped,
    rejected: read.rejected.length,
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  });
  return { ...stored, rejected: read.rejected };
}

/** @throws RiskflowError `usage` */
export function checkSetName(set: string): void {
  if (NAME.test(set)) return;
  throw new RiskflowError(
    'usage',
    `"${set}" cannot be the name of a sample set: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most 100`,
  );
}

/** A sample that is to be stored; one without a label cannot be judged yet. */
export type NewSample = Omit<SampleRow, 'label' | 'hasText'> & { readonly label: string | null };

type NewSamples = Pick<SampleSetVersionCreated['data'], 'set' | 'textField' | 'clusterField' | 'fieldNames' | 'rejected'> & {
  readonly rows: readonly NewSample[];
  /** Rows that were left out, since an earlier one has their text. */
  readonly dropped: number;
  readonly onProgress?: OnProgress;
};

/** Makes rows the new version of a sample set. The same content as the latest version writes nothing. */
export async function storeSamples(context: Context, samples: NewSamples): Promise<Omit<ImportedSamples, 'rejected'>> {
  const { set, rows, textField, clusterField, fieldNames, dropped, rejected, onProgress } = samples;
  const bytes = rows.map((row) => utf8(row.fields));
  const hashes = bytes.map(sha256Bytes);
  const manifest = rows.map(({ id, label, cluster, textHash }, i): ManifestEntry => ({
    id,
    fields: hashes[i] ?? '',
    label,
    cluster,
    textHash,
  }));
  const data: SampleSetVersionCreated['data'] = {
    set,
    version: versionOfManifest(manifest, clusterField !== null),
    parent: null,
    split: null,
    seed: null,
    textField,
    clusterField,
    fieldNames,
    labels: countLabels(manifest),
    rows: manifest.length,
    duplicates: dropped + manifest.length - new Set(manifest.map(({ textHash }) => textHash)).size,
    rejected,
    manifest,
  };
  const latest = await latestImport(context, set);
  const isNew = latest?.version !== data.version;
  if (isNew) {
    await writeBlobs(context, { set, hashes, bytes, ...(onProgress === undefined ? {} : { onProgress }) });
    await appendVersions(context, set, [data]);
  }
  return { sampleSet: set, version: data.version, rows: manifest.length, duplicates: data.duplicates, labels: data.labels, isNew };
}

/** The same set with other labels, as its new version. */
export async function storeLabels(
  context: Context,
  parent: SampleSetVersionRow,
  manifest: readonly ManifestEntry[],
): Promise<{ readonly version: string; readonly isNew: boolean }> {
  const version = versionOfManifest(manifest, parent.clusterField !== null);
  const latest = await latestImport(context, parent.set);
  if (latest?.version === version) return { version, isNew: false };
  const { set, textField, clusterField, fieldNames, rows, duplicates, rejected } = parent;
  const common = { set, textField, clusterField, fieldNames, rows, duplicates, rejected };
  await appendVersions(context, set, [
    { ...common, version, parent: null, split: null, seed: null, labels: countLabels(manifest), manifest },
  ]);
  return { version, isNew: true };
}

function rejectedError(path: string, rejected: readonly RejectedRow[]): RiskflowError {
  const shown = rejected.slice(0, 10).map((row) => `line ${row.line}: ${row.message}`);
  const more = rejected.length > shown.length ? `; and ${rejected.length - shown.length} more` : '';
  return new RiskflowError(
    'invalid_file',
    `${path}: ${rejected.length} of its rows cannot be imported, so nothing was: ${shown.join('; ')}${more}`,
    {
      hint: 'mend these rows, or import the others with --keep-valid',
    },
  );
}

/** Hash of the ordered (id, fields, label), and the clusters where there are any (decision 005). Fields by their blob's hash. */
const versionOfManifest = (manifest: readonly ManifestEntry[], hasClusters: boolean): string =>
  hashJson(manifest.map(({ id, fields, label, cluster }) => (hasClusters ? [id, fields, label, cluster] : [id, fields, label])));

function countLabels(manifest: readonly ManifestEntry[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { label } of manifest) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const BLOBS_AT_ONCE = 500;

type BlobsToWrite = {
  readonly set: string;
  readonly hashes: readonly string[];
  readonly bytes: readonly Uint8Array[];
  readonly onProgress?: OnProgress;
};

/** Rows are written before the event that makes them a set, so that nobody can see half a set. */
async function writeBlobs(context: Context, { set, hashes, bytes, onProgress }: BlobsToWrite): Promise<void> {
  for (let from = 0; from < hashes.length; from += BLOBS_AT_ONCE) {
    const blobs = hashes
      .slice(from, from + BLOBS_AT_ONCE)
      .map((sha256, i) => ({ sha256, bytes: bytes[from + i] ?? new Uint8Array(), referrer: `samples/${set}` }));
    await context.storage.events.write({ workspaceId: context.workspaceId, actor: context.actor, appends: [], blobs });
    onProgress?.({ label: `import ${set}`, done: Math.min(from + BLOBS_AT_ONCE, hashes.length), total: hashes.length });
  }
}

async function appendVersions(context: Context, set: string, versions: readonly SampleSetVersionCreated['data'][]): Promise<void> {
  const events = versions.map((data) => ({ type: 'SampleSetVersionCreated', data }));
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    appends: [{ log: 'ledger', stream: `samples/${set}`, events, expected: { any: true } }],
  });
  if (written.status !== 'written') throw new RiskflowError('internal', `sample set "${set}" could not be written: ${written.status}`);
}

export type SplitRequest = { readonly address: string; readonly ratios: Readonly<Record<string, number>>; readonly seed: number };
export type SplitResult = {
  readonly sampleSet: string;
  readonly version: string;
  readonly splits: Readonly<
    Record<string, { readonly version: string; readonly rows: number; readonly labels: Readonly<Record<string, number>> }>
  >;
};

/** Cuts a set into parts; equal texts and clusters stay together. The same cut again writes nothing. */
export async function splitSampleSet(context: Context, request: SplitRequest): Promise<SplitResult> {
  checkNames(request.ratios);
  const parent = await resolveSampleSet(context, request.address);
  if (parent.split !== null) throw new RiskflowError('usage', `${request.address} is itself a split: split the whole set "${parent.set}"`);
  const manifest = await manifestOf(context, parent);
  const cut = splitSamples({ rows: manifest, ratios: request.ratios, seed: request.seed });
  if (!cut.ok) throw new RiskflowError('usage', cut.message, { hint: cut.hint });
  const versions = Array.from(cut.splits, ([split, ids]): SampleSetVersionCreated['data'] => {
    const wanted = new Set(ids);
    return splitVersion(parent, { split, seed: request.seed, part: manifest.filter((entry) => wanted.has(entry.id)) });
  });
  const known = await context.storage.read.sampleSetVersions(context.workspaceId, { set: parent.set });
  const isKnown = versions.every((version) => {
    const latest = known.findLast((row) => row.split === version.split && row.parent === version.parent);
    return latest?.version === version.version && latest.seed === version.seed;
  });
  if (!isKnown) await appendVersions(context, parent.set, versions);
  const splits = Object.fromEntries(
    versions.map((version) => [version.split ?? '', { version: version.version, rows: version.rows, labels: version.labels }]),
  );
  return { sampleSet: parent.set, version: parent.version, splits };
}

function splitVersion(
  parent: SampleSetVersionRow,
  { split, seed, part }: { readonly split: string; readonly seed: number; readonly part: readonly ManifestEntry[] },
): SampleSetVersionCreated['data'] {
  const distinct = new Set(part.map((entry) => entry.textHash)).size;
  return {
    set: parent.set,
    version: versionOfManifest(part, parent.clusterField !== null),
    parent: parent.version,
    split,
    seed,
    textField: parent.textField,
    clusterField: parent.clusterField,
    fieldNames: parent.fieldNames,
    labels: countLabels(part),
    rows: part.length,
    duplicates: part.length - distinct,
    rejected: 0,
    manifest: part,
  };
}

const LONGEST_SPLIT = 60;

function checkNames(ratios: Readonly<Record<string, number>>): void {
  for (const name of Object.keys(ratios)) {
    // Shorter than that of a set: models are named SET@SPLIT.
    if (!NAME.test(name) || name.length > LONGEST_SPLIT)
      throw new RiskflowError(
        'usage',
        `"${name}" cannot be the name of a split: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most ${LONGEST_SPLIT}`,
      );
  }
}
