import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, vi } from 'vitest';
import { COMPILE_CACHE, keptRiskflow } from '../kept-riskflow.ts';

export const project = resolve(import.meta.dirname, '../..');

// Every step is a process of its own, and other tests may keep the machine busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

export type Finished = { readonly code: number | null; readonly out: string; readonly err: string };
export type Start = {
  /** The data folder. */
  readonly data: string;
  /** The working folder (default: that of the checkout). */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
};
export type Running = {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once something matches on standard output or standard error. @returns the first group, or all of it */
  readonly printed: (pattern: RegExp) => Promise<string>;
};

/** A folder that is removed when the test file is through. */
export function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'riskflow-cli-')));
  folders.push(folder);
  return folder;
}
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** Nothing of the machine's own settings gets into a test; what was compiled is kept between starts, as the launcher does. */
function environment(data: string, env: Start['env']): Readonly<Record<string, string>> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OPENAI_|RISKFLOW_|NODE_OPTIONS$|FORCE_COLOR$|VITEST)/.test(name));
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: COMPILE_CACHE, RISKFLOW_DATA: data, ...env };
}

/** Starts the real program. */
export function startRiskflow(args: readonly string[], { data, folder = project, env, input }: Start): Running {
  const flags = ['--disable-warning=ExperimentalWarning', join(project, 'cli/main.ts')];
  const child = spawn(process.execPath, [...flags, ...args], { cwd: folder, env: environment(data, env), stdio: 'pipe' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const watcher of watchers) watcher();
    watchers.clear();
  };
  const keep = (parts: Buffer[]) => (part: Buffer) => {
    parts.push(part);
    changed();
  };
  child.stdout.on('data', keep(out));
  child.stderr.on('data', keep(err));
  child.once('close', changed);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8');
  const finished = new Promise<Finished>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, out: text(out), err: text(err) }));
  });
  const printed = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(text(out)) ?? pattern.exec(text(err));
      if (match !== null) return match[1] ?? match[0];
      if (child.exitCode !== null) throw new Error(`it ended without printing ${pattern}: ${text(out)}${text(err)}`);
      await new Promise<void>((done) => void watchers.add(done));
    }
  };
  return { child, finished, printed };
}

/** Runs a command to its end, in a process that is kept for the next one; in one of its own where it has standard input to read. */
export async function riskflow(args: readonly string[], start: Start): Promise<Finished> {
  const { data, folder = project, env, input } = start;
  if (input !== undefined) return startRiskflow(args, start).finished;
  const { code, stdout, stderr } = await keptRiskflow({ args, environment: environment(data, env), folder });
  return { code, out: stdout, err: stderr };
}

/** Runs a command that must go well and reads the document it prints. */
export async function riskflowJson<T>(args: readonly string[], start: Start): Promise<T> {
  const { code, out, err } = await riskflow([...args, '--json'], start);
  if (code !== 0) throw new Error(`riskflow ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
}

/** Everything in the data folder: the rows of every table of every database, and the names of the other files. */
export function contentOf(data: string): string {
  if (!existsSync(data)) return 'nothing';
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
    // SQLite's own, which come and go as a database is opened and closed.
    .filter((file) => !/\.sqlite-(wal|shm)$/.test(file))
    .sort();
  const databases = files.filter((file) => file.endsWith('.sqlite')).map((file) => `${file} ${hashOf(join(data, file))}`);
  return [...files, ...databases].join('\n');
}

function hashOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  const hash = createHash('sha256');
  try {
    for (const table of tablesOf(database)) {
      hash.update(`${table}\n`);
      for (const row of rowsOf(database, table)) hash.update(`${row}\n`);
    }
  } finally {
    database.close();
  }
  return hash.digest('hex');
}

const tablesOf = (database: DatabaseSync): readonly string[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => String(row['name']));

/** All rows as text, in an order that does not depend on where they lie. */
function rowsOf(database: DatabaseSync, table: string): readonly string[] {
  const statement = database.prepare(`SELECT * FROM "${table}"`);
  statement.setReadBigInts(true);
  return statement.all().map(rowText).sort();
}

const rowText = (row: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(row), (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );

/** How many rows a table of the data folder has. */
export function countRows(data: string, table: string): number {
  const database = new DatabaseSync(join(data, 'riskflow.sqlite'), { readOnly: true });
  try {
    return rowsOf(database, table).length;
  } finally {
    database.close();
  }
}
