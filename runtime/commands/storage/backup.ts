import { resolve } from 'node:path';
import type { BackupSummary } from '../../../storage/index.ts';
import type { OnProgress } from '../../context.ts';
import type { Settings } from '../../settings.ts';
import { storageName, withMaintenance } from './storage-maintenance.ts';

export type FileRequest = {
  readonly path: string;
  /** What a relative path begins at. */
  readonly folder: string;
  readonly onProgress?: OnProgress;
};

/** Writes everything that cannot be derived into one file, as it is at one moment, while others go on working. */
export async function backUp(
  settings: Settings,
  { path, folder, onProgress }: FileRequest,
): Promise<BackupSummary & { readonly storage: string }> {
  const summary = await withMaintenance(settings, { create: false }, (maintenance) =>
    maintenance.backup(resolve(folder, path), (label, done, total) => onProgress?.({ label, done, total })),
  );
  return { storage: storageName(settings), ...summary };
}
