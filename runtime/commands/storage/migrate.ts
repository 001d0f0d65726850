import { isRiskflowError, RiskflowError } from '../../../schemas/index.ts';
import type { BackupSummary, MigrationReport, SchemaReport, StorageMaintenance } from '../../../storage/index.ts';
import type { OnProgress } from '../../context.ts';
import type { Settings } from '../../settings.ts';
import type { RegisteredAttributes } from '../../temporal/search-attributes.ts';
import { storageName, withMaintenance } from './storage-maintenance.ts';

export type MigrationPlan = {
  readonly storage: string;
  readonly kind: 'sqlite' | 'mysql';
  /** Null where there is no data file yet. */
  readonly schema: SchemaReport | null;
  /** The namespace whose search attributes would be looked after; null without Temporal. */
  readonly namespace: string | null;
};

export type MigrateOptions = {
  /** A file for a backup before anything is changed, which is also made where nothing is to be changed. */
  readonly backup?: string;
  /** Go on without one where one would be needed. */
  readonly noBackup?: boolean;
  readonly onProgress?: OnProgress;
  /** Told of every statement that was executed. */
  readonly onStatement?: (statement: string) => void;
};

export type Migrated = {
  readonly storage: string;
  readonly schema: MigrationReport;
  /** Null when none was asked for, or there were no tables yet. */
  readonly backup: BackupSummary | null;
  /** Null without Temporal. */
  readonly searchAttributes: RegisteredAttributes | null;
};

/** What `migrateAll` would do now. Changes nothing. */
export async function planMigration(settings: Settings): Promise<MigrationPlan> {
  const common = { storage: storageName(settings), kind: settings.storage.kind, namespace: settings.temporal?.namespace ?? null };
  try {
    return { ...common, schema: await withMaintenance(settings, { create: false }, (maintenance) => maintenance.schema()) };
  } catch (error) {
    if (isRiskflowError(error) && error.code === 'not_found') return { ...common, schema: null };
    throw error;
  }
}

/**
 * Brings the tables to this release's level, and registers the search attributes of Temporal where it is set.
 * @throws RiskflowError `usage` before anything is changed when a backup is needed and was neither asked for nor declined
 */
export async function migrateAll(settings: Settings, options: MigrateOptions = {}): Promise<Migrated> {
  const done = await withMaintenance(settings, { create: true }, async (maintenance) => {
    const plan = await maintenance.schema();
    refuseWithoutBackup(settings, plan, options);
    const backup = await backUpFirst(maintenance, plan, options);
    const { onStatement } = options;
    return { schema: await maintenance.migrate(onStatement === undefined ? {} : { onStatement }), backup };
  });
  const searchAttributes = settings.temporal === undefined ? null : await registerIn(settings.temporal);
  return { storage: storageName(settings), ...done, searchAttributes };
}

/** The client of Temporal is loaded only where there is one. */
async function registerIn(temporal: NonNullable<Settings['temporal']>): Promise<RegisteredAttributes> {
  const { registerSearchAttributes } = await import('../../temporal/search-attributes.ts');
  return registerSearchAttributes(temporal);
}

/** Additions can be taken back; what is dropped is gone. A data file is copied in any case. */
function refuseWithoutBackup({ storage }: Settings, { pending, level }: SchemaReport, { backup, noBackup = false }: MigrateOptions): void {
  if (level === 0 || storage.kind === 'sqlite' || backup !== undefined || noBackup) return;
  const drops = pending.filter(({ kind }) => kind === 'contract').map((each) => `${each.level} (${each.name})`);
  if (drops.length === 0) return;
  throw new RiskflowError('usage', `level ${drops.join(', ')} drops what earlier releases used, and there is no way back from it`, {
    hint: 'add --backup FILE, or --no-backup when you have one of your own; nothing was changed',
  });
}

async function backUpFirst(
  maintenance: StorageMaintenance,
  { level }: SchemaReport,
  { backup, onProgress }: MigrateOptions,
): Promise<BackupSummary | null> {
  if (backup === undefined || level === 0) return null;
  return maintenance.backup(backup, (label, done, total) => onProgress?.({ label, done, total }));
}

/** Goes one level back. @throws RiskflowError before anything is changed when that is not possible without a loss */
export async function migrateBack(
  settings: Settings,
  { onStatement }: Pick<MigrateOptions, 'onStatement'> = {},
): Promise<Pick<Migrated, 'storage' | 'schema'>> {
  const schema = await withMaintenance(settings, { create: false }, (maintenance) =>
    maintenance.migrateBack(onStatement === undefined ? {} : { onStatement }),
  );
  return { storage: storageName(settings), schema };
}
