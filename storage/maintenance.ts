import { existsSync } from 'node:fs';
import { RiskflowError, type ProjectionStatus } from '../schemas/core.ts';
import { type BackupSummary, writeBackup } from './backup/write-backup.ts';
import type { ProjectionHash } from './backup/format.ts';
import { restoreBackup } from './backup/restore-backup.ts';
import type { Database, Executor } from './database.ts';
import { checkUsable, currentLevel, describe, migrate, migrateBack, pendingMigrations } from './migrations/migrate.ts';
import { type Migration, oldestAfter } from './migrations/migration.ts';
import { releasedMigrations } from './migrations/released.ts';
import { readSchemaState } from './migrations/schema-state.ts';
import { type MysqlOptions, openMysqlDatabase } from './mysql/open.ts';
import { allProjections } from './projections/all-projections.ts';
import { catchUp, type ProjectionContext } from './projections/catch-up.ts';
import { readCheckpoints } from './projections/checkpoints.ts';
import { hashRows } from './projections/hash-rows.ts';
import { rebuild } from './projections/rebuild.ts';
import { readHead } from './operations/read-head.ts';
import { copyFile } from './sqlite/copy-file.ts';
import { openSqliteDatabase, sqliteFileOf, type SqliteOptions } from './sqlite/open.ts';
import { upcasters } from './upcast-steps.ts';

export type PlannedMigration = {
  readonly level: number;
  readonly name: string;
  readonly kind: Migration['kind'];
  /** Those that are not done yet. */
  readonly changes: readonly { readonly what: string; readonly statements: readonly string[] }[];
};

export type SchemaReport = {
  /** Level of the tables; 0 when there are none. */
  readonly level: number;
  /** The lowest level of a release that works with them. */
  readonly oldest: number;
  /** The level this release works with. */
  readonly ours: number;
  readonly pending: readonly PlannedMigration[];
  /** The lowest level of a release that works with them afterwards. */
  readonly oldestAfter: number;
};

export type MigrationReport = {
  readonly from: number;
  readonly to: number;
  readonly applied: readonly Pick<Migration, 'level' | 'name' | 'kind'>[];
  /** A copy of the data file from before, where there is one. */
  readonly copy: string | null;
};

export type RestoreSummary = {
  readonly rows: Readonly<Record<string, number>>;
  readonly workspaces: readonly string[];
  /** `same`: whether the rows are those of when the backup was made; null when that is not known. */
  readonly projections: readonly (ProjectionHash & { readonly same: boolean | null })[];
};

type OnSteps = (step: string, done: number, total: number) => void;

/** What is done to a storage as a whole, by one person at a time. */
export type StorageMaintenance = {
  readonly schema: () => Promise<SchemaReport>;
  readonly migrate: (options?: { readonly onStatement?: (statement: string) => void }) => Promise<MigrationReport>;
  /** To the level below. @throws RiskflowError before anything is changed when that would lose something */
  readonly migrateBack: (options?: { readonly onStatement?: (statement: string) => void }) => Promise<MigrationReport>;
  readonly backup: (file: string, onProgress?: OnSteps) => Promise<BackupSummary>;
  readonly restore: (file: string, onProgress?: OnSteps) => Promise<RestoreSummary>;
  readonly close: () => Promise<void>;
};

type Kept = {
  readonly database: Database;
  readonly migrations: readonly Migration[];
  /** Puts the data aside before its tables are changed. */
  readonly copy: ((level: number) => Promise<string>) | undefined;
};

export async function openMysqlMaintenance(options: MysqlOptions): Promise<StorageMaintenance> {
  return maintenanceOf({ database: await openMysqlDatabase(options), migrations: releasedMigrations, copy: undefined });
}

/** `create`: whether an empty file is made where there is none. @throws RiskflowError `not_found` when there is none and it is not */
export async function openSqliteMaintenance(options: SqliteOptions & { readonly create: boolean }): Promise<StorageMaintenance> {
  const path = sqliteFileOf(options);
  if (!options.create && !existsSync(path)) {
    throw new RiskflowError('not_found', `there is no data file ${path} yet`, { hint: 'name the data folder with RISKFLOW_DATA' });
  }
  const { database, file } = await openSqliteDatabase(options);
  return maintenanceOf({ database, migrations: releasedMigrations, copy: (level) => copyFile(database, file, level) });
}

export function maintenanceOf(kept: Kept): StorageMaintenance {
  const { database } = kept;
  const projections: ProjectionContext = { database, upcasters, projections: allProjections };
  return {
    schema: () => report(kept),
    migrate: (options = {}) => migrateAll(kept, options.onStatement),
    migrateBack: (options = {}) => goBack(kept, options.onStatement),
    backup: (file, onProgress) => backUp(kept, projections, { file, onProgress }),
    restore: (file, onProgress) => restore(kept, projections, { file, onProgress }),
    close: () => database.close(),
  };
}

async function report({ database, migrations }: Kept): Promise<SchemaReport> {
  const state = await readSchemaState(database.read, database.dialect);
  checkUsable(state, migrations);
  const pending: PlannedMigration[] = [];
  for (const migration of pendingMigrations(state, migrations)) {
    const { level, name, kind } = migration;
    pending.push({ level, name, kind, changes: await describe(database.read, database.dialect, migration) });
  }
  const ours = currentLevel(migrations);
  return { level: state.level, oldest: state.oldest, ours, pending, oldestAfter: Math.max(state.oldest, oldestAfter(migrations, ours)) };
}

async function migrateAll(kept: Kept, onStatement: ((statement: string) => void) | undefined): Promise<MigrationReport> {
  const { database, migrations } = kept;
  const state = await readSchemaState(database.read, database.dialect);
  checkUsable(state, migrations);
  const pending = pendingMigrations(state, migrations).length > 0;
  const copy = pending && state.level > 0 ? await kept.copy?.(state.level) : undefined;
  const applied = await migrate({ database, migrations, onStatement }, currentLevel(migrations));
  const to = Math.max(state.level, currentLevel(migrations));
  return { from: state.level, to, applied: applied.map(({ level, name, kind }) => ({ level, name, kind })), copy: copy ?? null };
}

async function goBack({ database, migrations }: Kept, onStatement: ((statement: string) => void) | undefined): Promise<MigrationReport> {
  const { level, name, kind } = await migrateBack({ database, migrations, onStatement });
  return { from: level, to: level - 1, applied: [{ level, name, kind }], copy: null };
}

type FileWork = { readonly file: string; readonly onProgress: OnSteps | undefined };

async function backUp(
  { database, migrations }: Kept,
  projections: ProjectionContext,
  { file, onProgress }: FileWork,
): Promise<BackupSummary> {
  const state = await readSchemaState(database.read, database.dialect);
  checkUsable(state, migrations);
  if (state.level === 0) throw new RiskflowError('not_found', 'there is nothing to back up: the storage has no tables yet');
  // Projections of an earlier level may have other tables.
  const hashed = state.level === currentLevel(migrations);
  if (hashed) await catchUpAll(projections);
  return writeBackup({
    database,
    file,
    hashes: (on, workspaceId) => (hashed ? currentHashes(projections, on, workspaceId) : Promise.resolve([])),
    onProgress: (done, total) => onProgress?.('back up', done, total),
  });
}

/** Of those projections that have seen every event this connection sees. */
async function currentHashes(
  { database, projections }: ProjectionContext,
  on: Executor,
  workspaceId: string,
): Promise<readonly ProjectionHash[]> {
  const head = readHead(database);
  const checkpoints = await readCheckpoints(on, workspaceId);
  const hashes: ProjectionHash[] = [];
  for (const { name, log, table } of projections) {
    if ((checkpoints.get(name) ?? 0) !== (await head(on, workspaceId, log))) continue;
    hashes.push({ workspaceId, name, ...(await hashRows(on, workspaceId, table)) });
  }
  return hashes;
}

async function restore(
  { database, migrations }: Kept,
  projections: ProjectionContext,
  { file, onProgress }: FileWork,
): Promise<RestoreSummary> {
  const { header, trailer } = await restoreBackup({ database, migrations, file, onProgress });
  const rebuilt: RestoreSummary['projections'][number][] = [];
  for (const workspaceId of header.workspaces) {
    const statuses = await rebuild(projections)(workspaceId, { onProgress: (done, total) => onProgress?.('rebuild', done, total) });
    for (const status of statuses) rebuilt.push(compare(workspaceId, status, trailer.projections));
  }
  return { rows: trailer.rows, workspaces: header.workspaces, projections: rebuilt };
}

function compare(
  workspaceId: string,
  { name, rows, hash }: ProjectionStatus,
  before: readonly ProjectionHash[],
): ProjectionHash & { readonly same: boolean | null } {
  const then = before.find((each) => each.workspaceId === workspaceId && each.name === name);
  return { workspaceId, name, rows, hash, same: then === undefined ? null : then.hash === hash };
}

/** Brings the projections of every workspace up to date, so that the backup can say what they were. */
async function catchUpAll(projections: ProjectionContext): Promise<void> {
  const rows = await projections.database.read.selectFrom('counters').select('workspace_id').distinct().execute();
  for (const { workspace_id: workspaceId } of rows) await catchUp(projections)(workspaceId);
}
