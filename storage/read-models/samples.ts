import type { ModelRow, ReadModels, SampleSetVersionRow } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';

/** Oldest first. */
export function readSampleSetVersions({ read }: Database): ReadModels['sampleSetVersions'] {
  return async (workspaceId, { set } = {}) => {
    let query = read.selectFrom('sample_set_versions').selectAll().where('workspace_id', '=', workspaceId);
    if (set !== undefined) query = query.where('set_name', '=', set);
    const rows = await query.orderBy('n').execute();
    return rows.map((row): SampleSetVersionRow => ({
      set: row.set_name,
      version: row.version,
      parent: row.parent,
      split: row.split,
      seed: row.seed,
      textField: row.text_field,
      clusterField: row.cluster_field,
      fieldNames: decodeJson(row.field_names) as readonly string[],
      labels: decodeJson(row.labels) as Readonly<Record<string, number>>,
      rows: row.row_count,
      duplicates: row.duplicates,
      rejected: row.rejected,
      streamVersion: row.stream_version,
      n: row.n,
    }));
  };
}

/** Oldest first. */
export function readModelsTrained({ read }: Database): ReadModels['models'] {
  return async (workspaceId, { model } = {}) => {
    let query = read.selectFrom('models').selectAll().where('workspace_id', '=', workspaceId);
    if (model !== undefined) query = query.where('model', '=', model);
    const rows = await query.orderBy('n').execute();
    return rows.map((row): ModelRow => ({
      model: row.model,
      artifact: row.artifact,
      set: row.set_name,
      setVersion: row.set_version,
      split: row.split,
      rows: row.row_count,
      metrics: decodeJson(row.metrics),
      n: row.n,
    }));
  };
}
