import { releasedMigrations } from '../../storage/index.ts';
import { ok, problem, warning, type Judgement } from './finding.ts';

/** Level of the tables of this release. */
export const releasedLevel = (): number => Math.max(...releasedMigrations.map(({ level }) => level));

/** Lowest level with which this release can work: what only drops is in nobody's way. */
export const neededLevel = (): number => Math.max(...releasedMigrations.filter(({ kind }) => kind === 'expand').map(({ level }) => level));

/** @param level 0 when there are no tables, 1 for those of the first release */
export function judgeTables(
  level: number,
  {
    released,
    refusedBelow = 0,
  }: { readonly released: number; /** Where tables wait for a person: processes do not start below it. */ readonly refusedBelow?: number },
): Judgement {
  if (level === 0) return ok('tables', 'there are none yet; the first command makes them');
  if (level === released) return ok('tables', `level ${level}, as this release has them`);
  if (level > released)
    return warning('tables', `level ${level}, of a newer release than this one (${released})`, 'use the newer release here too');
  const remedy = 'riskflow migrate --plan shows what would change; riskflow migrate does it';
  if (level < refusedBelow) {
    return problem(
      'tables',
      `level ${level}, and this release needs ${refusedBelow}: its commands, workers and \`riskflow start\` refuse`,
      remedy,
    );
  }
  return warning('tables', `level ${level}, and this release has ${released}`, remedy);
}
