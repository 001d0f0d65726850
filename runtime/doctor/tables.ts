import { releasedMigrations } from '../../storage/index.ts';
import { ok, warning, type Judgement } from './finding.ts';

/** Level of the tables of this release. */
export const releasedLevel = (): number => Math.max(...releasedMigrations.map(({ level }) => level));

/** @param level 0 when there are no tables, 1 for those of the first release */
export function judgeTables(level: number, released: number): Judgement {
  if (level === 0) return ok('tables', 'there are none yet; the first command makes them');
  if (level === released) return ok('tables', `level ${level}, as this release has them`);
  if (level > released)
    return warning('tables', `level ${level}, of a newer release than this one (${released})`, 'use the newer release here too');
  const remedy = 'riskflow migrate --plan shows what would change; riskflow migrate does it';
  return warning('tables', `level ${level}, and this release has ${released}`, remedy);
}
