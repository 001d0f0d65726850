import type { ProjectionStatus } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';

/** Empties the read models, or one, and builds them again from the events. */
export async function rebuildProjections(
  context: Context,
  options: { readonly name?: string; readonly onProgress?: OnProgress } = {},
): Promise<readonly ProjectionStatus[]> {
  const { name, onProgress } = options;
  return context.storage.projections.rebuild(context.workspaceId, {
    ...(name === undefined ? {} : { name }),
    ...(onProgress === undefined ? {} : { onProgress: (done: number, total: number) => onProgress({ label: 'rebuild', done, total }) }),
  });
}

export async function projectionStatus(context: Context): Promise<readonly ProjectionStatus[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return context.storage.projections.status(context.workspaceId);
}
