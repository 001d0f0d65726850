import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  compilerOf,
  importFlow,
  knownVersions,
  type FlowDefinition,
  type ImportedFlow,
  type ImportOptions,
  type Plan,
} from '../../flow/index.ts';
import {
  canonicalJson,
  messageOf,
  PLAN_VERSION,
  RiskflowError,
  type FlowRow,
  type FlowVersionRow,
  type FlowVersionPublished,
  type RunEvent,
} from '../../schemas/index.ts';
import { sha256Bytes, textOf, utf8, type Context } from '../context.ts';
import { modelWarnings } from '../model-warnings.ts';

export type PublishedFlow = {
  readonly flow: string;
  readonly version: string;
  readonly meaningHash: string;
  readonly plan: Plan;
  readonly warnings: readonly string[];
  readonly fileName: string;
  /** False when exactly this version was there already. */
  readonly isNew: boolean;
};

/** Reads a DSL file and publishes it as a version of its flow. Publishing the same content twice writes nothing. */
export async function publishFlowFile(context: Context, path: string, options: ImportOptions = {}): Promise<PublishedFlow> {
  return publishFlow(context, (await readFlowFile(path, options)).flow, basename(path));
}

/** Publishes an imported flow. */
export async function publishFlow(context: Context, imported: ImportedFlow, fileName: string): Promise<PublishedFlow> {
  const { definition, version, meaningHash, plan, warnings } = imported;
  const bytes = utf8(canonicalJson(definition));
  const event: FlowVersionPublished = {
    type: 'FlowVersionPublished',
    data: {
      flow: plan.flow,
      version,
      meaningHash,
      mode: plan.mode,
      dslVersion: definition.dslVersion,
      definition: sha256Bytes(bytes),
      warnings,
      fileName,
    },
  };
  const stream = `flow/${plan.flow}`;
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    claims: [{ scope: `flow-version/${plan.flow}`, key: version, value: fileName }],
    appends: [{ log: 'ledger', stream, events: [event], expected: { any: true } }],
    blobs: [{ sha256: event.data.definition, bytes, referrer: stream }],
  });
  if (written.status !== 'written' && written.status !== 'claimed') {
    throw new RiskflowError('internal', `flow "${plan.flow}" could not be published: ${written.status}`);
  }
  return { flow: plan.flow, version, meaningHash, plan, warnings, fileName, isNew: written.status === 'written' };
}

export type ReadFlow = { readonly flow: ImportedFlow };

/** Imports a file without publishing it. @throws RiskflowError with one sentence naming the file. */
export async function readFlowFile(path: string, options: ImportOptions = {}): Promise<ReadFlow> {
  const text = await readFlowText(path);
  const imported = importFlow(text, options);
  if (!imported.ok) throw new RiskflowError('invalid_flow', `${path} cannot be imported: ${imported.message}`);
  const { flow } = imported;
  if (flow.definition.name.length > LONGEST_FLOW_NAME) {
    throw new RiskflowError(
      'invalid_flow',
      `${path} cannot be imported: the name of the flow is longer than ${LONGEST_FLOW_NAME} characters`,
      {
        hint: 'give it another: riskflow flow import FILE --flow NAME',
      },
    );
  }
  return { flow: { ...flow, warnings: [...flow.warnings, ...modelWarnings(flow.plan)] } };
}

/** It is part of keys: `flow-version/<flow>` has 190 characters at most. */
const LONGEST_FLOW_NAME = 160;

/** @throws RiskflowError `not_found` in one sentence. */
export async function readFlowText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RiskflowError('not_found', `the flow file ${path} cannot be read: ${fileTrouble(cause)}`, {
      cause,
      hint: `looked for ${resolve(path)}`,
    });
  }
}

export function fileTrouble(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  return messageOf(cause);
}

/**
 * The plan of a published version, compiled from its stored definition: for new runs under the newest plan version, for an open run under
 * its own.
 */
export async function loadPlan(context: Context, version: string, planVersion = PLAN_VERSION): Promise<Plan> {
  const compile = compilerOf(planVersion);
  if (compile === undefined)
    throw new RiskflowError('unsupported', `this Riskflow compiles plans of ${knownVersions()}, not of version ${planVersion}`);
  await context.storage.projections.catchUp(context.workspaceId);
  const row = await context.storage.read.flowVersion(context.workspaceId, version);
  if (row === undefined) throw new RiskflowError('not_found', `there is no flow version ${version}`);
  const bytes = await context.storage.blobs.read(context.workspaceId, row.definition);
  if (bytes === undefined) throw new RiskflowError('not_found', `the definition of flow version ${version} was erased`);
  const compiled = compile(JSON.parse(textOf(bytes)) as FlowDefinition, version);
  if (!compiled.ok)
    throw new RiskflowError('invalid_flow', `flow version ${version} cannot be compiled by this version of Riskflow: ${compiled.message}`);
  return compiled.plan;
}

/** The plan that the events of a run are about: `plan`, unless an earlier Riskflow began it under another plan version. */
export function planOfHistory(context: Context, plan: Plan, history: readonly RunEvent[]): Promise<Plan> {
  const [first] = history;
  if (first?.type !== 'RunStarted' || first.data.planVersion === plan.planVersion) return Promise.resolve(plan);
  return loadPlan(context, first.data.flowVersion, first.data.planVersion);
}

export async function listFlows(context: Context): Promise<readonly (FlowRow & { readonly history: readonly FlowVersionRow[] })[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  const flows = await context.storage.read.flows(context.workspaceId);
  return Promise.all(
    flows.map(async (flow) => ({ ...flow, history: await context.storage.read.flowVersions(context.workspaceId, flow.flow) })),
  );
}
