import { resolve } from 'node:path';
import type { RestoreSummary } from '../../../storage/index.ts';
import type { Settings } from '../../settings.ts';
import type { FileRequest } from './backup.ts';
import { storageName, withMaintenance } from './storage-maintenance.ts';

/** Fills an empty storage from a backup, and makes the projections again. @throws RiskflowError with nothing changed when it does not fit */
export async function restore(
  settings: Settings,
  { path, folder, onProgress }: FileRequest,
): Promise<RestoreSummary & { readonly storage: string }> {
  const summary = await withMaintenance(settings, { create: true }, (maintenance) =>
    maintenance.restore(resolve(folder, path), (label, done, total) => onProgress?.({ label, done, total })),
  );
  return { storage: storageName(settings), ...summary };
}
