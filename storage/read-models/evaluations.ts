import type { EvaluationRow, ReadModels, ResultRow } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import type { evaluationsTable } from '../projections/evaluations.ts';
import type { RowOf } from '../tables/table-spec.ts';

/** Newest first. */
export function readEvaluations(database: Database): ReadModels['evaluations'] {
  return async (workspaceId) => {
    const rows = await evaluationsOf(database, workspaceId).orderBy('started_n', 'desc').execute();
    return rows.map(toEvaluation);
  };
}

export function readEvaluation(database: Database): ReadModels['evaluation'] {
  return async (workspaceId, evaluationId) => {
    const row = await evaluationsOf(database, workspaceId).where('evaluation_id', '=', evaluationId).executeTakeFirst();
    return row === undefined ? undefined : toEvaluation(row);
  };
}

/** Results are counted, so that the figure can never differ from the rows. */
const evaluationsOf = ({ read }: Database, workspaceId: string) =>
  read
    .selectFrom('evaluations as e')
    .selectAll('e')
    .select((eb) =>
      eb
        .selectFrom('results as r')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('r.workspace_id', '=', 'e.workspace_id')
        .whereRef('r.evaluation_id', '=', 'e.evaluation_id')
        .as('results'),
    )
    .where('e.workspace_id', '=', workspaceId);

function toEvaluation(row: RowOf<typeof evaluationsTable> & { readonly results: number | null }): EvaluationRow {
  return {
    evaluationId: row.evaluation_id,
    set: row.set_name,
    split: row.split,
    setVersion: row.set_version,
    n: row.samples,
    variants: decodeJson(row.variants),
    options: decodeJson(row.options),
    notes: decodeJson(row.notes) as readonly string[],
    status: row.status as EvaluationRow['status'],
    summary: row.summary === null ? null : decodeJson(row.summary),
    results: row.results ?? 0,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    position: row.started_n,
  };
}

/** In order of (sample, variant, repeat): by the bytes of their names, then by number. */
export function readResults({ read }: Database): ReadModels['results'] {
  return async (workspaceId, evaluationId, { after, limit }) => {
    let query = read.selectFrom('results').selectAll().where('workspace_id', '=', workspaceId).where('evaluation_id', '=', evaluationId);
    if (after !== undefined) {
      query = query.where((eb) =>
        eb.and([
          // Implied by what follows, but this is what the index can seek.
          eb('sample_id', '>=', after.sampleId),
          eb.or([
            eb('sample_id', '>', after.sampleId),
            eb('variant', '>', after.variant),
            eb.and([eb('variant', '=', after.variant), eb('repeat_no', '>', after.repeat)]),
          ]),
        ]),
      );
    }
    const rows = await query.orderBy('sample_id').orderBy('variant').orderBy('repeat_no').limit(limit).execute();
    return rows.map((row): ResultRow => ({
      sampleId: row.sample_id,
      variant: row.variant,
      repeat: row.repeat_no,
      runId: row.run_id,
      label: row.label,
      prediction: row.prediction,
      correct: row.correct === 1,
      error: row.error,
      cluster: row.cluster,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cost: row.cost,
      calls: row.calls,
      reused: row.reused,
      elapsedMs: row.elapsed_ms,
    }));
  };
}
