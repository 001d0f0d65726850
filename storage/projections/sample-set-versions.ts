import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const sampleSetVersionsTable = defineTable({
  name: 'sample_set_versions',
  columns: {
    workspace_id: workspaceId,
    n: integer,
    set_name: id(180),
    version: id(64),
    parent: nullable(id(64)),
    split: nullable(id(190)),
    seed: nullable(integer),
    text_field: nullable(text),
    cluster_field: nullable(text),
    field_names: text,
    labels: text,
    row_count: integer,
    duplicates: integer,
    rejected: integer,
    stream_version: integer,
  },
  primaryKey: ['workspace_id', 'n'],
  indexes: [['workspace_id', 'set_name', 'n']],
});

/** Versions and splits of sample sets, without their manifests, which stay in the events. */
export const sampleSetVersions = defineProjection({
  name: 'sample_set_versions',
  log: 'ledger',
  table: sampleSetVersionsTable,
  on: {
    SampleSetVersionCreated: (data, event) => [
      {
        put: {
          n: event.position.n,
          set_name: data.set,
          version: data.version,
          parent: data.parent,
          split: data.split,
          seed: data.seed,
          text_field: data.textField,
          cluster_field: data.clusterField,
          field_names: JSON.stringify(data.fieldNames),
          labels: JSON.stringify(data.labels),
          row_count: data.rows,
          duplicates: data.duplicates,
          rejected: data.rejected,
          stream_version: event.version,
        },
      },
    ],
  },
});
