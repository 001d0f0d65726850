import type { DecisionRow, ReadModels, SourceRow } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';

/** By id. */
export function readSources({ read }: Database): ReadModels['sources'] {
  return async (workspaceId) => {
    const rows = await read.selectFrom('sources').selectAll().where('workspace_id', '=', workspaceId).orderBy('source_id').execute();
    return rows.map((row): SourceRow => ({
      sourceId: row.source_id,
      kind: row.kind,
      location: row.location,
      flow: row.flow,
      flowVersion: row.flow_version,
      keyField: row.key_field,
      queryField: row.query_field,
      inputMap: decodeJson(row.input_map) as Readonly<Record<string, string>>,
      onDuplicateKey: row.on_duplicate_key as SourceRow['onDuplicateKey'],
      incarnation: row.incarnation,
    }));
  };
}

/** In the order of the ledger. */
export function readDecisions({ read }: Database): ReadModels['decisions'] {
  return async (workspaceId, { sourceId, after = 0, limit }) => {
    let query = read.selectFrom('decisions').selectAll().where('workspace_id', '=', workspaceId).where('n', '>', after);
    if (sourceId !== undefined) query = query.where('source_id', '=', sourceId);
    const rows = await query.orderBy('n').limit(limit).execute();
    return rows.map((row): DecisionRow => ({
      n: row.n,
      decisionId: row.decision_id,
      sourceId: row.source_id,
      recordId: row.record_id,
      recordKey: row.record_key,
      mode: row.mode,
      replay: row.replay,
      flow: row.flow,
      flowVersion: row.flow_version,
      runId: row.run_id,
      status: row.status,
      label: row.label,
      outputs: row.outputs,
      error: row.error,
    }));
  };
}
