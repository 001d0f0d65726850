import type { AlertRow } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { readSourceState } from '../streams/source-state.ts';

export type AlertsRequest = { readonly sourceId?: string; readonly open?: boolean; readonly before?: number; readonly limit?: number };

/** Alerts, newest first. @throws RiskflowError `not_found` for a source that is not there */
export async function listAlerts(context: Context, { limit = 100, ...rest }: AlertsRequest = {}): Promise<readonly AlertRow[]> {
  const { storage, workspaceId } = context;
  if (rest.sourceId !== undefined) await readSourceState(context, rest.sourceId);
  await storage.projections.catchUp(workspaceId);
  return storage.read.alerts(workspaceId, { ...rest, limit });
}
