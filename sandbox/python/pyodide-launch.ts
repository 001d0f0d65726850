import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jailArguments } from './jail.ts';
import { SCRATCH_MB, withLifeline, type Launch } from './launch.ts';
import { snapshotFor } from './snapshot.ts';

// Both forms written out: dead-code checks look for exactly this to know what a process runs.
const CHILD_URL = import.meta.url.endsWith('.ts')
  ? new URL('./pyodide/child.ts', import.meta.url)
  : new URL('./pyodide/child.js', import.meta.url);

/** What the process takes beside the memory of its interpreter, MiB: Node, machine code, and the copy that is laid back. */
const BESIDE_MB = 400;
const GROWTH_MB = 64;

export type PyodidePackage = { readonly folder: string; readonly version: string };

/** The installed package. @throws Error when it is not installed */
export function pyodidePackage(): PyodidePackage {
  const require = createRequire(import.meta.url);
  const file = require.resolve('pyodide/package.json');
  const { version } = require(file) as { readonly version: string };
  return { folder: dirname(file), version };
}

export type PyodideParts = PyodidePackage & {
  /** Path of bubblewrap, where it runs: a second wall, without network. */
  readonly bubblewrap: string | null;
};

/** Pyodide in a Node of its own that may read its own files and nothing else (pyodide/child.ts), in a jail where that can be had. */
export function launchPyodide({ folder, version, bubblewrap }: PyodideParts, memoryMb: number): Launch {
  const snapshot = snapshotFor(`pyodide-${version}-${bubblewrap === null ? 'bare' : 'jailed'}`);
  const common = { mostResidentMb: memoryMb + BESIDE_MB, mostThreads: undefined, graceMs: 0, snapshot };
  const settingsIn = (places: { readonly pyodide: string; readonly guest: string; readonly snapshot: string }): Launch['settings'] => {
    const limits = { scratchBytes: SCRATCH_MB * 2 ** 20, growthBytes: GROWTH_MB * 2 ** 20 };
    const from = snapshot?.isMade === true ? { from: places.snapshot } : null;
    return (making) => ({ ...limits, ...places, snapshot: making === null ? from : { to: making } });
  };
  const readable = snapshot?.isMade === true ? [snapshot.file] : [];
  const child = fileURLToPath(CHILD_URL);
  const sources = dirname(dirname(child));
  if (bubblewrap === null) {
    return {
      ...withLifeline(process.execPath, nodeArguments({ sources, memoryMb, readable: [folder, sources, ...readable] })),
      ...common,
      settings: settingsIn({ pyodide: folder, guest: `${sources}/guest`, snapshot: snapshot?.file ?? '' }),
    };
  }
  const seen = [
    { from: realpathSync(process.execPath), at: '/node' },
    { from: folder, at: '/pyodide' },
    { from: sources, at: '/riskflow' },
    ...readable.map((from) => ({ from, at: '/snapshot' })),
  ];
  const command = ['/node', ...nodeArguments({ sources: '/riskflow', memoryMb, readable: ['/pyodide', '/riskflow', '/snapshot'] })];
  return {
    command: bubblewrap,
    args: jailArguments({ seen, variables: {} }, command),
    endsBy: 'signal',
    ...common,
    settings: settingsIn({ pyodide: '/pyodide', guest: '/riskflow/guest', snapshot: '/snapshot' }),
  };
}

type NodeParts = { readonly sources: string; readonly memoryMb: number; readonly readable: readonly string[] };

const nodeArguments = ({ sources, memoryMb, readable }: NodeParts): readonly string[] => [
  '--permission',
  ...readable.map((path) => `--allow-fs-read=${path}`),
  '--disallow-code-generation-from-strings',
  // The memory of the interpreter is made inside the WebAssembly module: only the engine can bound it.
  `--wasm-max-mem-pages=${memoryMb * 16}`,
  '--max-old-space-size=256',
  '--no-addons',
  '--no-experimental-websocket',
  '--disable-warning=ExperimentalWarning',
  `${sources}/pyodide/child.${CHILD_URL.pathname.endsWith('.ts') ? 'ts' : 'js'}`,
];
