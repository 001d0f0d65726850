import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, vi } from 'vitest';

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
function environment(data: string, env: Start['env']): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OPENAI_|RISKFLOW_|NODE_OPTIONS$|FORCE_COLOR$|VITEST)/.test(name));
  const cache = join(project, 'node_modules/.cache/riskflow/compiled');
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: cache, RISKFLOW_DATA: data, ...env };
}

/** Starts the real program. */
export function startRiskflow(args: readonly string[], { data, folder = project, env, input }: Start): Running {
  const flags = ['--disable-warning=ExperimentalWarning', join(project, 'cli/main.ts')];
  const child = spawn(process.execPath, [...flags, ...args], { cwd: folder, env: environment(data, env), stdio: 'pipe' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
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
      await new Promise<void>((done) => {
        for (const stream of [child.stdout, child.stderr]) stream.once('data', () => done());
        child.once('close', () => done());
      });
    }
  };
  return { child, finished, printed };
}

export const riskflow = (args: readonly string[], start: Start): Promise<Finished> => startRiskflow(args, start).finished;

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
