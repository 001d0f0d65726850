import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder Riskflow is installed in: the nearest one above this file with a package.json. */
export function installFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

export function productVersion(): string {
  const described: unknown = JSON.parse(readFileSync(join(installFolder(), 'package.json'), 'utf8'));
  const version = typeof described === 'object' && described !== null && 'version' in described ? described.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
