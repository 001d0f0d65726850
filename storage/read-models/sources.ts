import type { DecisionRow, ReadModels, SourceRow } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import { decisionsTable } from '../projections/decisions.ts';
import { selectByKeys } from '../select-by-keys.ts';
import type { RowOf } from '../tables/table-spec.ts';

/** By id. */
export function readSources({ read }: Database): ReadModels['sources'] {
  return async (workspaceId) => {
    const rows = await read.selectFrom('sources').selectAll().where('workspace_id', '=', workspaceId).orderBy('source_id').execute();
    return rows.map((row): SourceRow => ({
      sourceId: row.source_id,
      kind: row.kind,
      location: row.location,
      flow: row.flow,
      incarnation: row.incarnation,
    }));
  };
}

type Row = RowOf<typeof decisionsTable>;

/** In the order of the ledger. */
export function readDecisions({ read }: Database): ReadModels['decisions'] {
  return async (workspaceId, { sourceId, mode, after = 0, limit }) => {
    let query = read.selectFrom('decisions').selectAll().where('workspace_id', '=', workspaceId).where('n', '>', after);
    if (sourceId !== undefined) query = query.where('source_id', '=', sourceId);
    if (mode !== undefined) query = query.where('mode', '=', mode);
    return (await query.orderBy('n').limit(limit).execute()).map(toDecision);
  };
}

export function readDecision({ read }: Database): ReadModels['decision'] {
  return async (workspaceId, by) => {
    const query = read.selectFrom('decisions').selectAll().where('workspace_id', '=', workspaceId);
    const row = await ('n' in by ? query.where('n', '=', by.n) : query.where('decision_id', '=', by.decisionId)).executeTakeFirst();
    return row === undefined ? undefined : toDecision(row);
  };
}

export function readDecisionsAbout({ read }: Database): ReadModels['decisionsAbout'] {
  return async (workspaceId, { sourceId, mode, recordIds }) => {
    const rows = await selectByKeys<Row>(read, {
      table: 'decisions',
      columns: Object.keys(decisionsTable.columns),
      equal: { workspace_id: workspaceId, source_id: sourceId, mode },
      column: 'record_id',
      keys: [...new Set(recordIds)].sort(),
    });
    return rows.map(toDecision).sort((a, b) => a.n - b.n);
  };
}

function toDecision(row: Row): DecisionRow {
  const { input_tokens: input, output_tokens: output } = row;
  return {
    n: row.n,
    decisionId: row.decision_id,
    sourceId: row.source_id,
    recordId: row.record_id,
    recordKey: row.record_key,
    mode: row.mode as DecisionRow['mode'],
    replay: row.replay,
    flow: row.flow,
    flowVersion: row.flow_version,
    runId: row.run_id,
    status: row.status as DecisionRow['status'],
    label: row.label,
    outputs: row.outputs,
    error: row.error,
    lane: row.lane,
    arrival: row.arrival,
    subject: row.subject,
    category: row.category,
    eventTime: row.event_time,
    stage: row.stage as DecisionRow['stage'],
    score: row.score,
    action: row.action,
    reasonCodes: listOf(row.reason_codes),
    ruleHits: listOf(row.rule_hits),
    models: listOf(row.models),
    promptIds: listOf(row.prompt_ids),
    inputsHash: row.inputs_hash,
    latencyMs: row.latency_ms,
    elapsedMs: row.elapsed_ms,
    cost: row.cost,
    tokens: input === null || output === null ? null : { input, output },
    decidedAt: row.decided_at,
    against: row.against === null ? null : (decodeJson(row.against) as DecisionRow['against']),
  };
}

const listOf = <T>(text: string | null): readonly T[] => (text === null ? [] : (decodeJson(text) as readonly T[]));
