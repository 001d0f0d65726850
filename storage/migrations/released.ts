import { projectionTables } from '../projections/projection-tables.ts';
import { primaryTables } from '../tables/primary-tables.ts';
import { commitsTable } from '../tables/service-tables.ts';
import type { Column, TableSpec } from '../tables/table-spec.ts';
import type { AddStep, Migration, NullableColumn } from './migration.ts';

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

/** Columns that came with level 3, by table. `derived`: of a projection. */
const LEVEL_3_COLUMNS: Readonly<Record<string, { readonly derived: boolean; readonly names: readonly string[] }>> = {
  inbox: { derived: false, names: ['meta', 'subject', 'category', 'reporter', 'event_time', 'lane'] },
  offsets: { derived: false, names: ['position', 'skipped'] },
  dead_letters: { derived: false, names: ['record_key', 'headers', 'source_time', 'stage', 'replayed_as', 'record_id'] },
  decisions: {
    derived: true,
    names: [
      ...['lane', 'arrival', 'subject', 'category', 'event_time', 'stage', 'score', 'action', 'reason_codes', 'rule_hits', 'models'],
      ...['prompt_ids', 'inputs_hash', 'latency_ms', 'elapsed_ms', 'cost', 'input_tokens', 'output_tokens', 'decided_at', 'against'],
    ],
  },
};

/** Indexes of earlier tables that came with level 3. */
const LEVEL_3_INDEXES: readonly Extract<AddStep, { readonly addIndex: string }>[] = [
  { addIndex: 'decisions_by_record', to: 'decisions', columns: ['workspace_id', 'source_id', 'record_id'] },
  { addIndex: 'decisions_by_id', to: 'decisions', columns: ['workspace_id', 'decision_id'] },
];

/** The tables of level 3. */
const LEVEL_3_TABLES: readonly string[] = [
  ...['source_tasks', 'daily_spend', 'disagreements', 'trend_panes', 'trend_progress', 'alerts', 'dead_deliveries'],
];

const isFirst = ({ name }: TableSpec): boolean => FIRST.includes(name);
const isSecond = (table: TableSpec): boolean => !isFirst(table) && !LEVEL_3_TABLES.includes(table.name);
const isThird = ({ name }: TableSpec): boolean => LEVEL_3_TABLES.includes(name);
const primary: readonly TableSpec[] = primaryTables;
const projections: readonly TableSpec[] = projectionTables;

/** A table as it was before level 3. */
function beforeLevel3(table: TableSpec): TableSpec {
  const later = LEVEL_3_COLUMNS[table.name]?.names ?? [];
  const laterIndexes = LEVEL_3_INDEXES.filter(({ to }) => to === table.name).map(({ columns }) => columns.join());
  return {
    ...table,
    columns: Object.fromEntries(Object.entries(table.columns).filter(([name]) => !later.includes(name))),
    ...(table.indexes === undefined ? {} : { indexes: table.indexes.filter((columns) => !laterIndexes.includes(columns.join())) }),
  };
}

function columnsOfLevel3(): readonly AddStep[] {
  return [...primary, ...projections].flatMap(({ name: to, columns }) => {
    const added = LEVEL_3_COLUMNS[to];
    return (added?.names ?? []).map((name): AddStep => ({
      addColumn: name,
      to,
      column: nullableColumn(to, name, columns[name]),
      derived: added?.derived ?? false,
    }));
  });
}

function nullableColumn(table: string, name: string, column: Column | undefined): NullableColumn {
  if (column === undefined || !column.nullable) throw new Error(`the column ${name} of ${table} came later and must take null`);
  return { ...column, nullable: true };
}

const addTable =
  (derived: boolean) =>
  (table: TableSpec): AddStep => ({ addTable: table, derived });

/** Every migration, in the order of levels; the last level is the one this release works with. */
export const releasedMigrations: readonly Migration[] = [
  {
    level: 1,
    name: 'first tables',
    kind: 'expand',
    steps: [
      ...primary.filter(isFirst).map(beforeLevel3).map(addTable(false)),
      ...projections.filter(isFirst).map(beforeLevel3).map(addTable(true)),
    ],
  },
  {
    level: 2,
    name: 'outcomes of commits, schedules',
    kind: 'expand',
    // A token is of use for the minute in which a connection was lost.
    steps: [
      addTable(true)(commitsTable),
      ...primary.filter(isSecond).map(addTable(false)),
      ...projections.filter(isSecond).map(addTable(true)),
    ],
  },
  {
    level: 3,
    name: 'streams',
    kind: 'expand',
    steps: [
      ...columnsOfLevel3(),
      ...LEVEL_3_INDEXES,
      // What processes say of themselves is worth nothing later.
      ...primary.filter(isThird).map((table) => addTable(table.name === 'source_tasks')(table)),
      ...projections.filter(isThird).map(addTable(true)),
    ],
  },
];
