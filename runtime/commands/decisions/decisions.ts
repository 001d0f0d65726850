import { RiskflowError, decodeValue, type DecisionRow, type Json, type RunMode, type Value } from '../../../schemas/index.ts';
import { textOf, type Context } from '../../context.ts';
import { readSourceState } from '../../streams/source-state.ts';

/** A page of a list: after the place of an earlier item, which is its `n` or `id`. */
export type PageRequest = { readonly mode?: RunMode; readonly sourceId?: string; readonly after?: number; readonly limit?: number };
export const DEFAULT_PAGE = 100;

/** A decision with what its run gave: null when the run failed, or when the outputs were erased. */
export type Decision = Omit<DecisionRow, 'outputs'> & { readonly outputs: Value };

/** Decisions in the order in which they were made. */
export async function listDecisions(
  context: Context,
  { sourceId, mode, after = 0, limit = DEFAULT_PAGE }: PageRequest = {},
): Promise<readonly Decision[]> {
  const { workspaceId, storage } = context;
  if (sourceId !== undefined) await readSourceState(context, sourceId);
  await storage.projections.catchUp(workspaceId);
  const rows = await storage.read.decisions(workspaceId, {
    after,
    limit,
    ...(sourceId === undefined ? {} : { sourceId }),
    ...(mode === undefined ? {} : { mode }),
  });
  return withOutputs(context, rows);
}

async function withOutputs({ storage, workspaceId }: Context, rows: readonly DecisionRow[]): Promise<readonly Decision[]> {
  const blobs = await storage.blobs.readMany(workspaceId, [...new Set(rows.map((row) => row.outputs))]);
  return rows.map((row) => {
    const bytes = blobs.get(row.outputs);
    return { ...row, outputs: bytes === undefined ? null : decodeValue(JSON.parse(textOf(bytes)) as Json) };
  });
}

/** One decision, by its id or its number. @throws RiskflowError `not_found` */
export async function showDecision(context: Context, name: string): Promise<Decision> {
  const { workspaceId, storage } = context;
  await storage.projections.catchUp(workspaceId);
  const row = await storage.read.decision(workspaceId, /^\d{1,15}$/.test(name) ? { n: Number(name) } : { decisionId: name });
  const [decision] = row === undefined ? [] : await withOutputs(context, [row]);
  if (decision !== undefined) return decision;
  throw new RiskflowError('not_found', `there is no decision "${name}"`, { hint: 'riskflow decision list shows their numbers' });
}
