import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DATA_FILE } from './data-folder.ts';
import { ok, problem, warning, type Judgement, type Subject } from './finding.ts';
import { judgeTables, releasedLevel } from './tables.ts';

/** What a data file tells about itself. */
export type SqliteFacts = {
  /** 0 when there are no tables, 1 for those of the first release. */
  readonly schemaLevel: number;
  /** Whether it is a database of something else. */
  readonly foreign: boolean;
  /** What `pragma quick_check` found. */
  readonly complaints: readonly string[];
};

export const sqlite: Subject = {
  name: 'SQLite',
  examine: async ({ reading: { storage }, timeoutMs }) => {
    if (storage?.value.kind !== 'sqlite') return [];
    const version = ok('version', process.versions.sqlite ?? 'unknown');
    const file = join(storage.value.folder, DATA_FILE);
    if (!existsSync(file)) return [version, ok('data file', 'there is none yet; the first command makes it')];
    return [version, ...judgeFile(await gatherFile(file, timeoutMs), { file, released: releasedLevel() })];
  },
};

type Gathered = { readonly facts: SqliteFacts } | { readonly trouble: string } | 'late';

async function gatherFile(file: string, timeoutMs: number): Promise<Gathered> {
  const script = fileURLToPath(new URL(`./quick-check-file${extname(import.meta.filename)}`, import.meta.url));
  try {
    const flags = ['--disable-warning=ExperimentalWarning', script, file];
    // The time a process needs to start is not the file's.
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: timeoutMs + START_MS, killSignal: 'SIGKILL' });
    return { facts: JSON.parse(stdout) as SqliteFacts };
  } catch (error) {
    if (error instanceof Error && 'killed' in error && error.killed === true) return 'late';
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    return { trouble: /^Error: (.+)$/m.exec(text)?.[1] ?? text.trim().split('\n').at(-1) ?? '' };
  }
}

const START_MS = 500;

/** @param released level of the tables of this release */
export function judgeFile(
  gathered: Gathered,
  { file, released }: { readonly file: string; readonly released: number },
): readonly Judgement[] {
  const remedy = 'stop what uses it, keep a copy, and take up the last backup';
  if (gathered === 'late') {
    return [warning('data file', `${file} is too large to be checked in this time`, 'riskflow doctor --timeout 120 takes longer')];
  }
  if ('trouble' in gathered) return [problem('data file', `${file} cannot be read: ${gathered.trouble}`, remedy)];
  const { foreign, complaints, schemaLevel } = gathered.facts;
  if (foreign) return [problem('data file', `${file} is a database, but not one of Riskflow`, 'name another folder with RISKFLOW_DATA')];
  const whole =
    complaints.length === 0
      ? ok('data file', `${file} is whole`)
      : problem('data file', `${file} is damaged: ${complaints.join('; ')}`, remedy);
  return [whole, judgeTables(schemaLevel, { released })];
}
