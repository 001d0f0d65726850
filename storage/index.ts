export {
  openMysqlMaintenance,
  openSqliteMaintenance,
  type MigrationReport,
  type PlannedMigration,
  type RestoreSummary,
  type SchemaReport,
  type StorageMaintenance,
} from './maintenance.ts';
export type { BackupSummary } from './backup/write-backup.ts';
export { mysqlAddress } from './mysql/server-address.ts';
export { openMysqlStorage, type MysqlOptions } from './mysql/open.ts';
export { isDead, processIdentity } from './process-identity.ts';
export { openSqliteStorage, type SqliteOptions } from './sqlite/open.ts';
export { releasedMigrations } from './migrations/released.ts';
