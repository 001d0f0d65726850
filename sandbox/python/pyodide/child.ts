import { closeSync, readFileSync, readSync, writeSync } from 'node:fs';
import { closeProcess, giveConstantsOnly } from './closed-process.ts';
import { sealFiles, type FileSystem } from './scratch-files.ts';

/**
 * The body of the process that runs Python in Pyodide. It reads one line of JSON for each call and writes one; it does nothing else, not
 * even between them: the loop never gives way, so nothing that a call left for later (a timer, a promise) ever runs.
 *
 * Before the first call the whole memory of the interpreter is kept, and after each call laid back: the next one finds what the first
 * one found, whatever the code did, and nothing of the inputs before.
 */
type Settings = {
  readonly pyodide: string;
  readonly guest: string;
  readonly scratchBytes: number;
  /** The memory may grow by so much before the process is to be replaced, bytes. */
  readonly growthBytes: number;
  /**
   * The memory of an interpreter that has just started, which spares most of the start: a file to read it from, or the descriptor of one to
   * write it to; null for neither.
   */
  readonly snapshot: { readonly from: string } | { readonly to: number } | null;
};
type Call = { readonly id: number; readonly code: string; readonly inputs: string; readonly longest: number };
type Interpreter = {
  readonly FS: FileSystem;
  readonly _module: { readonly HEAPU8: Uint8Array; readonly wasmTable?: { readonly length: number } };
  readonly version: string;
  runPython(code: string, options: { readonly globals: unknown }): unknown;
  toPy(value: object): unknown;
  makeMemorySnapshot(): Uint8Array;
} & Record<string, unknown>;

// Taken before anything else has run.
const { parse, stringify } = JSON;
const read = readSync;
const write = writeSync;
const exit = process.exit.bind(process);
const NEWLINE = 10;

const settings = parse(nextLine() ?? '') as Settings;
giveConstantsOnly();
const python = await load(settings);
const snapshotBytes = writeSnapshot(python, settings);
const perform = guest(python, settings);
const emptyFiles = sealFiles(python.FS, settings.scratchBytes);
perform.call('def main(): return {}', '{}', 1000);
emptyFiles();
closeProcess();
serve();

async function load({ pyodide, snapshot }: Settings): Promise<Interpreter> {
  const { loadPyodide } = (await import(`${pyodide}/pyodide.mjs`)) as {
    readonly loadPyodide: (options: object) => Promise<Interpreter>;
  };
  return await loadPyodide({
    indexURL: pyodide,
    // Nothing of this process is to be seen by Python; equal hashes of texts make the order of sets the same in every process.
    jsglobals: Object.create(null) as object,
    env: { PYTHONHASHSEED: '0', HOME: '/tmp', PYTHONDONTWRITEBYTECODE: '1' },
    // Given from the start: else the streams of this process are opened, after which reading from them does not wait.
    ...(snapshot === null ? {} : 'from' in snapshot ? { _loadSnapshot: readFileSync(snapshot.from) } : { _makeSnapshot: true }),
    stdin: () => null,
    stdout: () => undefined,
    stderr: () => undefined,
  });
}

/** How many bytes were written. No code of a user has run yet. */
function writeSnapshot(interpreter: Interpreter, { snapshot }: Settings): number {
  if (snapshot === null || 'from' in snapshot) return 0;
  const bytes = interpreter.makeMemorySnapshot();
  for (let at = 0; at < bytes.length;) at += write(snapshot.to, bytes, at);
  closeSync(snapshot.to);
  return bytes.length;
}

type Guest = { call(code: string, inputs: string, longest: number): string; learn(names: string): boolean };

function guest(interpreter: Interpreter, { guest: folder }: Settings): Guest {
  const text = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
  const globals = interpreter.toPy({ __name__: 'riskflow' });
  interpreter.runPython(text('user_call.py'), { globals });
  interpreter.runPython(text('pyodide_start.py'), { globals });
  const call = interpreter.runPython('call(perform)', { globals }) as Guest['call'];
  const learn = interpreter.runPython('learn', { globals }) as Guest['learn'];
  for (const name of ['useNodeSockFS', 'mountNodeFS', 'mountNativeFS', 'loadPackage', 'loadPackagesFromImports', 'runPythonAsync']) {
    Object.defineProperty(interpreter, name, { value: undefined, configurable: false, writable: false });
  }
  return { call, learn };
}

function serve(): void {
  const memory = (): Uint8Array => python._module.HEAPU8;
  const functions = (): number => python._module.wasmTable?.length ?? 0;
  let kept = memory().slice();
  const functionsBefore = functions();
  const layBack = (): void => {
    const now = memory();
    now.set(kept);
    now.fill(0, kept.length);
    emptyFiles();
  };
  say({ ready: true, python: python.version, snapshotBytes });
  for (let line = nextLine(); line !== undefined; line = nextLine()) {
    const call = parse(line) as Call;
    const answer = attempt(call);
    // Memory does not shrink, and machine code that was loaded stays.
    const reusable = answer !== undefined && memory().length - kept.length <= settings.growthBytes && functions() === functionsBefore;
    if (answer === undefined) say({ id: call.id, reply: null, reusable });
    else say({ id: call.id, reply: answer.reply, reusable });
    if (!reusable) break;
    layBack();
    if (answer.learned !== '' && perform.learn(answer.learned)) kept = memory().slice();
  }
  exit(0);
}

/** Undefined when the interpreter itself failed and cannot go on. */
function attempt({ code, inputs, longest }: Call): { readonly learned: string; readonly reply: string } | undefined {
  try {
    const text = perform.call(code, inputs, longest);
    const at = text.indexOf('\n');
    return { learned: text.slice(0, at), reply: text.slice(at + 1) };
  } catch {
    return undefined;
  }
}

function say(message: object): void {
  const bytes = new TextEncoder().encode(`${stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += write(1, bytes, at);
}

/** Undefined at the end: nobody is there any more. */
function nextLine(): string | undefined {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(65_536);
    const length = read(0, chunk);
    if (length === 0) return undefined;
    const ends = chunk[length - 1] === NEWLINE;
    chunks.push(chunk.subarray(0, ends ? length - 1 : length));
    if (ends) return new TextDecoder().decode(joined(chunks));
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
