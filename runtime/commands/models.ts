import { encodeArtifact, evaluateClassifier, trainClassifier, type ClassifierMetrics } from '../../models/index.ts';
import {
  decodeValues,
  RiskflowError,
  type Json,
  type ManifestEntry,
  type ModelRow,
  type ModelTrained,
  type SampleSetVersionRow,
} from '../../schemas/index.ts';
import { sha256Bytes, textOf, type Context, type OnProgress } from '../context.ts';
import { manifestOf, parseSampleAddress, resolveSampleSet } from './samples/sample-address.ts';

export type TrainRequest = { readonly address: string; readonly seed?: number; readonly test?: string; readonly onProgress?: OnProgress };
export type TrainedModel = {
  readonly model: string;
  readonly artifact: string;
  readonly setVersion: string;
  readonly rows: number;
  readonly labels: readonly string[];
  readonly crossValidated: ClassifierMetrics & { readonly folds: number };
  /** On the split named by `--test`, or null. */
  readonly test: (ClassifierMetrics & { readonly address: string }) | null;
  readonly isNew: boolean;
};

const DEFAULT_SEED = 1;

/**
 * Trains the classifier that flows name SET@SPLIT, on that split of the latest version. Deterministic: the same samples and seed give
 * the same artifact, and training again writes nothing.
 */
export async function trainModel(context: Context, request: TrainRequest): Promise<TrainedModel> {
  const address = parseSampleAddress(request.address);
  if (address.split === null) throw new RiskflowError('usage', `a model is trained on a split: SET@SPLIT, such as ${address.set}@tune`);
  const set = await resolveSampleSet(context, request.address);
  const samples = await labelledTexts(context, set);
  const { artifact, metrics } = await trainClassifier({
    samples,
    seed: request.seed ?? DEFAULT_SEED,
    trainedOn: set.version,
    onProgress: ({ done, total }) => request.onProgress?.({ label: `train ${request.address}`, done, total }),
  });
  const bytes = encodeArtifact(artifact);
  const sha256 = sha256Bytes(bytes);
  const model = `${address.set}@${address.split}`;
  const test =
    request.test === undefined
      ? null
      : {
          address: request.test,
          ...evaluateClassifier(artifact, await labelledTexts(context, await resolveSampleSet(context, request.test))),
        };
  const data: ModelTrained['data'] = {
    model,
    artifact: sha256,
    set: set.set,
    setVersion: set.version,
    split: address.split,
    rows: samples.length,
    metrics,
  };
  const known = (await context.storage.read.models(context.workspaceId, { model })).at(-1);
  const isNew = known?.artifact !== sha256 || known.setVersion !== set.version;
  if (isNew) {
    const stream = `model/${model}`;
    await context.storage.events.write({
      workspaceId: context.workspaceId,
      actor: context.actor,
      appends: [{ log: 'ledger', stream, events: [{ type: 'ModelTrained', data }], expected: { any: true } }],
      blobs: [{ sha256, bytes, referrer: stream }],
    });
  }
  return {
    model,
    artifact: sha256,
    setVersion: set.version,
    rows: samples.length,
    labels: artifact.labels,
    crossValidated: metrics.crossValidated,
    test,
    isNew,
  };
}

type LabelledText = { readonly text: string; readonly label: string; readonly group: string };

/** The texts of a split, with what must not be parted in cross-validation: the cluster, or the text itself. */
async function labelledTexts(context: Context, set: SampleSetVersionRow): Promise<readonly LabelledText[]> {
  const field = set.textField;
  if (field === null) {
    throw new RiskflowError('usage', `sample set "${set.set}" has no field "text", which a classifier is trained on`, {
      hint: 'import it with --text COLUMN',
    });
  }
  const manifest = await manifestOf(context, set);
  const samples: LabelledText[] = [];
  for (let from = 0; from < manifest.length; from += 500) {
    const part = manifest.slice(from, from + 500);
    const blobs = await context.storage.blobs.readMany(
      context.workspaceId,
      part.map((entry) => entry.fields),
    );
    for (const entry of part) samples.push(labelled(entry, blobs.get(entry.fields), field));
  }
  return samples;
}

function labelled(entry: ManifestEntry, bytes: Uint8Array | undefined, field: string): LabelledText {
  const value = bytes === undefined ? undefined : decodeValues(JSON.parse(textOf(bytes)) as Json).get(field);
  if (typeof value !== 'string' || entry.label === null) throw new RiskflowError('failed', `sample "${entry.id}" has no text or no label`);
  return { text: value, label: entry.label, group: entry.cluster ?? entry.textHash };
}

export async function listModels(context: Context): Promise<readonly ModelRow[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return context.storage.read.models(context.workspaceId);
}
