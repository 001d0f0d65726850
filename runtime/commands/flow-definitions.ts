import { existsSync } from 'node:fs';
import { diffFlows, exportFlow, inspectFlow, type FlowDefinition, type FlowDiff } from '../../flow/index.ts';
import { RiskflowError } from '../../schemas/index.ts';
import { textOf, type Context } from '../context.ts';
import { publishedVersion, unknownFlow } from './evaluations/evaluation-request.ts';
import { readFlowText } from './flows.ts';

/** What FLOW[:VERSION] or a file stands for. `version` is the hash of a published one. */
export type NamedDefinition = { readonly reference: string; readonly version: string | null; readonly definition: FlowDefinition };

/**
 * The definition of a flow by what the user wrote: a file, or FLOW[:VERSION] of a published flow. A file need not be one that can run.
 * @throws RiskflowError `not_found`, or `invalid_flow` for a file that is no app at all
 */
async function findDefinition(context: Context, reference: string): Promise<NamedDefinition> {
  if (/\.ya?ml$/i.test(reference) || existsSync(reference))
    return { reference, version: null, definition: await fileDefinition(reference) };
  await context.storage.projections.catchUp(context.workspaceId);
  const row = await publishedVersion(context, reference);
  if (row === undefined) throw await unknownFlow(context, reference);
  const bytes = await context.storage.blobs.read(context.workspaceId, row.definition);
  if (bytes === undefined) throw new RiskflowError('not_found', `the definition of flow version ${row.version} was erased`);
  return { reference, version: row.version, definition: JSON.parse(textOf(bytes)) as FlowDefinition };
}

async function fileDefinition(path: string): Promise<FlowDefinition> {
  const { definition, issues } = inspectFlow(await readFlowText(path));
  if (definition !== null) return definition;
  throw new RiskflowError('invalid_flow', `${path} cannot be read: ${issues[0]?.message ?? 'it is no flow file'}`);
}

/** The text of a DSL file of a flow, which Dify accepts. */
export async function exportedFlow(context: Context, reference: string): Promise<NamedDefinition & { readonly text: string }> {
  const found = await findDefinition(context, reference);
  return { ...found, text: exportFlow(found.definition) };
}

/** What `b` does otherwise than `a`. */
export async function flowDifference(
  context: Context,
  { a, b }: { readonly a: string; readonly b: string },
): Promise<{ readonly a: NamedDefinition; readonly b: NamedDefinition; readonly diff: FlowDiff }> {
  const [before, after] = [await findDefinition(context, a), await findDefinition(context, b)];
  return { a: before, b: after, diff: diffFlows(before.definition, after.definition) };
}
