import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Plan } from '../../../flow/index.ts';
import { RiskflowError, type EvaluationOptions, type FlowVersionRow, type Pin } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { loadPlan, publishFlow, readFlowFile } from '../flows.ts';

/** A variant as the user names it: a flow file, or FLOW[:VERSION] of a published flow. */
export type VariantRequest = {
  readonly name: string;
  readonly flow: string;
  readonly modelMap?: Readonly<Record<string, string>>;
  readonly pins?: Readonly<Record<string, Pin>>;
};

export type EvaluationRequest = EvaluationOptions & {
  /** The first is the baseline A. */
  readonly variants: readonly VariantRequest[];
  /** NAME[:VERSION][@SPLIT]. */
  readonly samples: string;
  /** Of an evaluation that must be begun once only, however often it is tried. Default: a new one. */
  readonly evaluationId?: string;
};

export const EVALUATION_DEFAULTS = {
  concurrency: 8,
  repeats: 1,
  metric: 'accuracy',
  margin: 0.01,
  maxErrors: 0.01,
  seed: 1,
} as const;

/** Characters; results are kept under the names of their variants, and runs are named by them. */
export const LONGEST_VARIANT_NAME = 128;

/** @throws RiskflowError `usage` for names that are no keys, or not of one variant alone */
export function checkVariantNames(variants: readonly Pick<VariantRequest, 'name'>[]): void {
  const names = new Set<string>();
  for (const { name } of variants) {
    if (name === '' || name.length > LONGEST_VARIANT_NAME) {
      throw new RiskflowError(
        'usage',
        `"${name.slice(0, 40)}" cannot be the name of a variant: it has ${name.length} characters, and 1 to ${LONGEST_VARIANT_NAME} are possible`,
      );
    }
    if (names.has(name)) throw new RiskflowError('usage', `two variants have the name "${name}"`);
    names.add(name);
  }
}

export type ResolvedVariant = VariantRequest & ResolvedFlow;

export type ResolvedFlow = {
  readonly plan: Plan;
  readonly fileName: string | null;
  readonly warnings: readonly string[];
  /** Makes a file a version of its flow; nothing for a flow that is published already. Call it once everything else is right. */
  readonly publish: () => Promise<void>;
};

/** The version that FLOW[:VERSION] names. Names of flows come from their files and may hold colons: the whole text is tried first. */
export async function publishedVersion({ storage, workspaceId }: Context, reference: string): Promise<FlowVersionRow | undefined> {
  const latest = (await storage.read.flowVersions(workspaceId, reference)).at(-1);
  const colon = reference.lastIndexOf(':');
  if (latest !== undefined || colon === -1) return latest;
  const version = reference.slice(colon + 1);
  const versions = await storage.read.flowVersions(workspaceId, reference.slice(0, colon));
  return version === '' ? undefined : versions.find((candidate) => candidate.version.startsWith(version));
}

export async function unknownFlow({ storage, workspaceId }: Context, reference: string): Promise<RiskflowError> {
  const known = (await storage.read.flows(workspaceId)).map((flow) => flow.flow);
  return new RiskflowError('not_found', `"${reference}" is neither a flow file nor a published flow`, {
    hint: known.length === 0 ? 'name a .yml file exported from Dify' : `published flows are: ${known.join(', ')}`,
  });
}

/** A flow by what the user wrote: a file, or FLOW[:VERSION] of a published flow. Writes nothing. */
export async function resolveFlow(context: Context, reference: string): Promise<ResolvedFlow> {
  if (/\.ya?ml$/i.test(reference) || existsSync(reference)) {
    const imported = await readFlowFile(reference);
    const publish = async (): Promise<void> => {
      await publishFlow(context, imported.flow, basename(reference));
    };
    return { plan: imported.flow.plan, fileName: basename(reference), warnings: imported.flow.warnings, publish };
  }
  await context.storage.projections.catchUp(context.workspaceId);
  const row = await publishedVersion(context, reference);
  if (row === undefined) throw await unknownFlow(context, reference);
  const publish = (): Promise<void> => Promise.resolve();
  return { plan: await loadPlan(context, row.version), fileName: row.fileName, warnings: row.warnings, publish };
}

const mapped = (inputMap: Readonly<Record<string, string>>, input: string): string | undefined =>
  Object.hasOwn(inputMap, input) ? inputMap[input] : undefined;

/** Every start variable by the sample field that fills it. @throws RiskflowError when a required one has none. */
export function inputFields(
  plan: Plan,
  fieldNames: readonly string[],
  inputMap: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const root = plan.nodes[plan.root];
  const variables = root?.behaviour.kind === 'start' ? root.behaviour.config.variables : [];
  for (const variable of variables) {
    const field = mapped(inputMap, variable.name) ?? variable.name;
    if (fieldNames.includes(field)) fields.set(variable.name, field);
    else if (variable.required) {
      throw new RiskflowError('usage', `flow "${plan.flow}" needs the input "${variable.name}", but the samples have no field "${field}"`, {
        hint: `name one with --map ${variable.name}=FIELD; the fields are: ${fieldNames.join(', ')}`,
      });
    }
  }
  if (plan.mode === 'advanced-chat') {
    const field = mapped(inputMap, 'sys.query') ?? 'text';
    if (!fieldNames.includes(field)) {
      throw new RiskflowError(
        'usage',
        `flow "${plan.flow}" is a chat flow and takes the field "${field}" as its query, but the samples have none`,
        {
          hint: `name one with --map sys.query=FIELD; the fields are: ${fieldNames.join(', ')}`,
        },
      );
    }
    fields.set('sys.query', field);
  }
  return fields;
}

/** Names an unknown input or field of `--map`. */
export function checkInputMap(plans: readonly Plan[], inputMap: Readonly<Record<string, string>>, fieldNames: readonly string[]): void {
  for (const [input, field] of Object.entries(inputMap)) {
    if (!fieldNames.includes(field)) {
      throw new RiskflowError('usage', `--map ${input}=${field}: the samples have no field "${field}"`, {
        hint: `the fields are: ${fieldNames.join(', ')}`,
      });
    }
    if (input === 'sys.query') continue;
    const known = plans.some((plan) => {
      const root = plan.nodes[plan.root];
      return root?.behaviour.kind === 'start' && root.behaviour.config.variables.some((variable) => variable.name === input);
    });
    if (!known) throw new RiskflowError('usage', `--map ${input}=…: no variant has an input "${input}"`);
  }
}

/** Which output is the prediction. @throws RiskflowError when it cannot be told before the run. */
export function predictionName(plan: Plan, predict: string | null): string {
  const names = new Set<string>();
  for (const node of plan.nodes) {
    if (node.behaviour.kind === 'end') for (const output of node.behaviour.config.outputs) names.add(output.name);
    if (node.behaviour.kind === 'answer') names.add('answer');
  }
  const all = [...names];
  const listed = all.length === 0 ? 'it has none' : `its outputs are: ${all.join(', ')}`;
  if (predict !== null) {
    if (!names.has(predict))
      throw new RiskflowError('usage', `flow "${plan.flow}" has no output "${predict}" (--predict)`, { hint: listed });
    return predict;
  }
  if (names.has('label')) return 'label';
  if (all.length === 1 && all[0] !== undefined) return all[0];
  throw new RiskflowError('usage', `which output of flow "${plan.flow}" is the prediction?`, { hint: `name it with --predict; ${listed}` });
}
