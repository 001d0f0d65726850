import type { EffectResult, EffectStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import { prepareQuery } from '../prepared-query.ts';

/** The result stored under an effect's id. */
export function findEffect(database: Database): EffectStore['find'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly runId: string; readonly effectId: string }>()((p) =>
    database.read
      .selectFrom('effect_results')
      .select('result')
      .where('workspace_id', '=', p.workspaceId)
      .where('run_id', '=', p.runId)
      .where('effect_id', '=', p.effectId),
  );
  return async (workspaceId, runId, effectId) => toResult(await query.first(database.read, { workspaceId, runId, effectId }));
}

/** The first result stored for equal content within a scope of reuse. */
export function findReusableEffect(database: Database): EffectStore['findReusable'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly scope: string; readonly contentKey: string }>()((p) =>
    database.read
      .selectFrom('effect_results')
      .select('result')
      .where('workspace_id', '=', p.workspaceId)
      .where('scope', '=', p.scope)
      .where('content_key', '=', p.contentKey)
      .orderBy('stored_at')
      .orderBy('run_id')
      .orderBy('effect_id')
      .limit(1),
  );
  return async (workspaceId, scope, contentKey) => toResult(await query.first(database.read, { workspaceId, scope, contentKey }));
}

const toResult = (row: { readonly result: string } | undefined): EffectResult | undefined =>
  row === undefined ? undefined : (decodeJson(row.result) as EffectResult);
