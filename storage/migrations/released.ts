import { projectionTables } from '../projections/projection-tables.ts';
import { primaryTables } from '../tables/primary-tables.ts';
import { commitsTable } from '../tables/service-tables.ts';
import type { TableSpec } from '../tables/table-spec.ts';
import type { AddStep, Migration } from './migration.ts';

/** The tables of level 1, in the order in which they are made. A test holds them to what was released. */
const FIRST: readonly string[] = [
  'events',
  'streams',
  'counters',
  'claims',
  'leases',
  'run_status',
  'effect_results',
  'blobs',
  'blob_refs',
  'inbox',
  'offsets',
  'dead_letters',
  'relay_cursors',
  'run_frames',
  'access_keys',
  'projection_checkpoints',
  'flows',
  'flow_versions',
  'sample_set_versions',
  'models',
  'sources',
  'decisions',
  'evaluations',
  'results',
  'runs',
];

const isFirst = ({ name }: TableSpec): boolean => FIRST.includes(name);
const primary: readonly TableSpec[] = primaryTables;
const projections: readonly TableSpec[] = projectionTables;

const addTable =
  (derived: boolean) =>
  (table: TableSpec): AddStep => ({ addTable: table, derived });

/** Every migration, in the order of levels; the last level is the one this release works with. */
export const releasedMigrations: readonly Migration[] = [
  {
    level: 1,
    name: 'first tables',
    kind: 'expand',
    steps: [...primary.filter(isFirst).map(addTable(false)), ...projections.filter(isFirst).map(addTable(true))],
  },
  {
    level: 2,
    name: 'outcomes of commits, schedules',
    kind: 'expand',
    // A token is of use for the minute in which a connection was lost.
    steps: [
      addTable(true)(commitsTable),
      ...primary.filter((table) => !isFirst(table)).map(addTable(false)),
      ...projections.filter((table) => !isFirst(table)).map(addTable(true)),
    ],
  },
];
