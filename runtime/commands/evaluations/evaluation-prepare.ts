import { parseMetric } from '../../../evaluation/index.ts';
import { flowRaces, modelsOf } from '../../../flow/index.ts';
import {
  RiskflowError,
  type EvaluationStarted,
  type ManifestEntry,
  type ModelRouter,
  type ModelTrained,
  type SampleSetVersionCreated,
  type SampleSetVersionRow,
  type Variant,
} from '../../../schemas/index.ts';
import { newId, type Context } from '../../context.ts';
import { checkModelMap, modelReplacements } from '../../model-replacements.ts';
import {
  checkInputMap,
  checkVariantNames,
  inputFields,
  predictionName,
  resolveFlow,
  type EvaluationRequest,
  type ResolvedVariant,
} from './evaluation-request.ts';
import { manifestOf, resolveSampleSet } from '../samples/sample-address.ts';
import { actingNodes } from '../../streams/deciding/acting-nodes.ts';

/**
 * Checks everything that can be checked before the first call, freezes flow versions and trained artifacts, and writes
 * EvaluationStarted. @throws RiskflowError for every mistake; nothing is written before but a classifier that is trained on first use.
 */
export async function prepareEvaluation(
  context: Context,
  request: EvaluationRequest,
  models: ModelRouter,
): Promise<EvaluationStarted['data']> {
  const set = await resolveSampleSet(context, request.samples);
  const manifest = await manifestOf(context, set);
  checkOptions(request, set);
  const resolved: ResolvedVariant[] = [];
  for (const variant of request.variants) resolved.push({ ...variant, ...(await resolveFlow(context, variant.flow)) });
  checkInputMap(
    resolved.map((variant) => variant.plan),
    request.inputMap,
    set.fieldNames,
  );
  for (const { plan, modelMap } of resolved) checkModelMap([plan], modelMap ?? {}, context.settings);
  const variants: Variant[] = [];
  const notes: string[] = [];
  for (const variant of resolved) {
    const { plan } = variant;
    inputFields(plan, set.fieldNames, request.inputMap);
    predictionName(plan, request.predict);
    checkWaits(variant);
    const artifacts = await freezeModels({ context, variant, models });
    await checkLeakage(context, { set, manifest, variant, artifacts });
    notes.push(...notesOf(variant));
    const { flow, flowVersion } = plan;
    variants.push({
      name: variant.name,
      flow,
      flowVersion,
      fileName: variant.fileName,
      modelMap: variant.modelMap ?? {},
      pins: variant.pins ?? {},
      artifacts,
    });
  }
  for (const variant of resolved) await variant.publish();
  const { concurrency, repeats, metric, margin, maxErrors, seed, predict, positive, inputMap, reuse } = request;
  return {
    evaluationId: request.evaluationId ?? `e-${newId().slice(0, 13)}`,
    set: set.set,
    split: set.split,
    setVersion: set.version,
    n: manifest.length,
    variants,
    options: { concurrency, repeats, metric, margin, maxErrors, seed, predict, positive, inputMap, reuse },
    notes,
    at: context.now(),
  };
}

function checkOptions(request: EvaluationRequest, set: SampleSetVersionRow): void {
  if (request.variants.length < 2) throw new RiskflowError('usage', 'an evaluation needs at least two variants: --a FLOW and --b FLOW');
  checkVariantNames(request.variants);
  const labels = Object.keys(set.labels);
  if (labels.length === 0) {
    throw new RiskflowError('usage', `no sample of ${address(set)} has a label, so nothing can be right or wrong`, {
      hint: `label them: riskflow sample label ${set.set} --file LABELS.csv`,
    });
  }
  const metric = parseMetric(request.metric, labels);
  if (!metric.ok) throw new RiskflowError('usage', `--metric ${request.metric}: ${metric.message}`, { hint: metric.hint });
  if (request.positive !== null && !labels.includes(request.positive)) {
    throw new RiskflowError('usage', `--positive ${request.positive}: no sample has this label`, {
      hint: `the labels are: ${labels.join(', ')}`,
    });
  }
}

function checkWaits(variant: ResolvedVariant): void {
  const pins = variant.pins ?? {};
  const waiting = variant.plan.nodes.find(
    (node) => node.type === 'human-input' && !Object.hasOwn(pins, node.id) && !Object.hasOwn(pins, 'type:human-input'),
  );
  if (waiting === undefined) return;
  throw new RiskflowError(
    'unsupported',
    `flow "${variant.plan.flow}" waits for a person at node "${waiting.title}" (${waiting.id}), so it cannot be evaluated`,
    {
      hint: 'pin that node with --pin',
    },
  );
}

type FreezeWork = {
  readonly context: Context;
  readonly variant: Pick<ResolvedVariant, 'plan' | 'modelMap' | 'pins'>;
  readonly models: ModelRouter;
};

/** Asks for every model before the first call: a missing key or an unknown model must not show up half way. */
export async function freezeModels({ context, variant, models }: FreezeWork): Promise<Readonly<Record<string, string>>> {
  const artifacts: Record<string, string> = {};
  for (const { node, model } of modelsOf(variant.plan, modelReplacements(variant.plan, variant.modelMap ?? {}, context.settings))) {
    const pins = variant.pins ?? {};
    if (Object.hasOwn(pins, node.id) || Object.hasOwn(pins, `type:${node.type}`)) continue;
    const resolvedModel = await models.resolve(model);
    if (resolvedModel.kind === 'none')
      throw new RiskflowError(resolvedModel.code, `node "${node.title}" of flow "${variant.plan.flow}": ${resolvedModel.message}`, {
        hint: resolvedModel.hint,
      });
    if (resolvedModel.kind === 'classifier') artifacts[resolvedModel.name] = resolvedModel.version;
  }
  return artifacts;
}

type LeakageWork = {
  readonly set: SampleSetVersionRow;
  readonly manifest: readonly ManifestEntry[];
  readonly variant: ResolvedVariant;
  readonly artifacts: Readonly<Record<string, string>>;
};

/** A classifier must not be judged on what it was trained on. */
async function checkLeakage(context: Context, { set, manifest, variant, artifacts }: LeakageWork): Promise<void> {
  for (const [name, artifact] of Object.entries(artifacts)) {
    const rows = await context.storage.read.models(context.workspaceId, { model: name });
    const row = rows.findLast((candidate) => candidate.artifact === artifact);
    if (row === undefined) continue;
    const training = await trainingManifest(context, { set: row.set, setVersion: row.setVersion, split: row.split });
    const texts = new Set(training.map((entry) => entry.textHash));
    const ids = new Set(row.set === set.set ? training.map((entry) => entry.id) : []);
    const leaked = manifest.filter((entry) => texts.has(entry.textHash) || ids.has(entry.id));
    if (leaked.length === 0) continue;
    throw new RiskflowError(
      'leakage',
      `${leaked.length} of the ${manifest.length} samples of ${address(set)} were in the training set of model "${name}" (flow "${variant.plan.flow}"), for example sample "${leaked[0]?.id ?? ''}"`,
      { hint: `evaluate on a split the model has not seen, such as ${row.set}@test` },
    );
  }
}

const address = (set: SampleSetVersionRow): string => (set.split === null ? set.set : `${set.set}@${set.split}`);

async function trainingManifest(
  context: Context,
  wanted: Pick<ModelTrained['data'], 'set' | 'setVersion' | 'split'>,
): Promise<SampleSetVersionCreated['data']['manifest']> {
  const versions = await context.storage.read.sampleSetVersions(context.workspaceId, { set: wanted.set });
  const row = versions.findLast((version) => version.version === wanted.setVersion);
  return row === undefined ? [] : manifestOf(context, row);
}

function notesOf(variant: ResolvedVariant): readonly string[] {
  const { plan, name } = variant;
  return [
    ...flowRaces(plan).map((race) => `variant ${name}: ${race}`),
    ...actingNodes(plan, variant.pins ?? {}).map(
      (node) =>
        `variant ${name}: node "${node.title}" (${node.id}, ${node.type}) acts outside for every sample, unless --pin gives its result`,
    ),
    ...Object.entries(variant.modelMap ?? {}).map(([from, to]) => `variant ${name}: model ${from} was replaced by ${to} (--map-model)`),
    ...Object.keys(variant.pins ?? {}).map((pin) => `variant ${name}: the result of ${pin} was pinned`),
    ...variant.warnings.map((warning) => `variant ${name}: ${warning}`),
  ];
}
