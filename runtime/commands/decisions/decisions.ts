import { decodeValue, type DecisionRow, type Json, type Value } from '../../../schemas/index.ts';
import { textOf, type Context } from '../../context.ts';
import { readSource } from '../sources/source-settings.ts';

/** A page of a list: after the place of an earlier item, which is its `n` or `id`. */
export type PageRequest = { readonly sourceId?: string; readonly after?: number; readonly limit?: number };
export const DEFAULT_PAGE = 100;

/** A decision with what its run gave: null when the run failed, or when the outputs were erased. */
export type Decision = Omit<DecisionRow, 'outputs'> & { readonly outputs: Value };

/** Decisions in the order in which they were made. */
export async function listDecisions(
  context: Context,
  { sourceId, after = 0, limit = DEFAULT_PAGE }: PageRequest = {},
): Promise<readonly Decision[]> {
  const { workspaceId, storage } = context;
  if (sourceId !== undefined) await readSource(context, sourceId);
  await storage.projections.catchUp(workspaceId);
  const rows = await storage.read.decisions(workspaceId, { after, limit, ...(sourceId === undefined ? {} : { sourceId }) });
  const blobs = await storage.blobs.readMany(workspaceId, [...new Set(rows.map((row) => row.outputs))]);
  return rows.map((row) => {
    const bytes = blobs.get(row.outputs);
    return { ...row, outputs: bytes === undefined ? null : decodeValue(JSON.parse(textOf(bytes)) as Json) };
  });
}
