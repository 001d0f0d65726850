import { defineTable, id, integer, nullable } from './table-spec.ts';

/** Tables of the storage itself: they hold nothing of any workspace, and are not part of a backup. */

/** One row (`id` 1): the level of the tables, and the lowest level of a release that can work with them. */
export const schemaStateTable = defineTable({
  name: 'schema_state',
  columns: {
    id: integer,
    level: integer,
    oldest: integer,
    /** SHA-256 of the backup that is being restored; null unless a restore has begun and not ended. */
    restoring: nullable(id(64)),
    changed_at: integer,
  },
  primaryKey: ['id'],
  small: true,
});

/** The last write of a transaction on a server, by which its outcome is found out after the connection was lost. */
export const commitsTable = defineTable({
  name: 'commits',
  columns: { writer: id(36), seq: integer, committed: integer, written_at: integer },
  primaryKey: ['writer', 'seq'],
  small: true,
});
