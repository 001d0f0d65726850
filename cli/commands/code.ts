import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { PythonChoice } from '../../runtime/index.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { renderTable } from '../output/table.ts';
import { readTextFile } from '../read-text-file.ts';
import { loadRuntime, type Session } from '../session.ts';

export function addCodeCommands(program: Command, dispatch: Dispatch): void {
  const code = addNoun(program, 'code', 'what the Python of code nodes runs in, and with which packages');
  addVerb(code, dispatch, {
    name: 'install <REQUIREMENTS>',
    summary: 'install the packages of a hash-locked requirements file for Python code nodes',
    args: { REQUIREMENTS: 'file in which every package has one version and its hashes, as `uv pip compile --generate-hashes` writes it' },
    options: [
      option('--index <URL>', 'take packages from this index'),
      option('--find-links <FOLDER>', 'take packages from this folder of wheels too'),
      option('--offline', 'fetch nothing: all that is needed lies in the folder of --find-links'),
    ],
    examples: ['riskflow code install requirements.txt', 'riskflow code install requirements.txt --offline --find-links wheels/'],
    notes: [
      'It takes wheels only, so that nothing of a package is run while it is installed. Packages of one file are a set, named by its hash; the set that',
      'was installed last is in force, for processes that start from now on. They are used on the bubblewrap backend (riskflow doctor).',
    ],
    action: install,
  });
  addVerb(code, dispatch, {
    name: 'show',
    summary: 'what runs Python here, and the packages it can import',
    examples: ['riskflow code show', 'riskflow code show --json'],
    action: show,
  });
}

async function install(session: Session, command: Command): Promise<number> {
  const { index, findLinks, offline = false } = command.opts<{ index?: string; findLinks?: string; offline?: boolean }>();
  const [file = ''] = command.args;
  const text = await readTextFile(session.terminal, file, 'requirements file');
  const { installCodePackages, readSettings } = await loadRuntime();
  const settings = readSettings(session.terminal.env, session.terminal.folder);
  const { set, wasThere } = await installCodePackages(settings, {
    lock: { text, name: file },
    index,
    findLinks: findLinks === undefined ? undefined : resolve(session.terminal.folder, findLinks),
    offline,
    onProgress: session.notice,
  });
  if (session.json) session.printJson({ set: set.hash, python: set.tag, packages: set.packages, wasThere });
  else
    session.print(
      `${wasThere ? 'was installed already' : 'installed'}: ${set.packages.length} packages, set ${set.hash.slice(0, 12)}, for ${set.tag}`,
    );
  return 0;
}

async function show(session: Session): Promise<number> {
  const { pythonInForce, readSettings } = await loadRuntime();
  const { setting, backend, obstacle } = await pythonInForce(readSettings(session.terminal.env, session.terminal.folder));
  const packages = backend.kind === 'bubblewrap' ? (backend.set?.packages ?? []) : [];
  const set = backend.kind === 'bubblewrap' ? (backend.set?.hash ?? null) : null;
  if (session.json) {
    session.printJson({ setting, backend: backend.kind, version: versionOf(backend), set, packages, obstacle });
    return 0;
  }
  session.print(backend.kind === 'none' ? backend.why : `${nameOf[backend.kind]} ${versionOf(backend) ?? ''} (code.python: ${setting})`);
  if (obstacle !== null) session.print(`CPython in bubblewrap cannot run here: ${obstacle.why}\n  → ${obstacle.remedy}`);
  if (packages.length > 0) {
    const rows = packages.map(({ name, version }) => [name, version]);
    session.print(`\n${renderTable([{ title: 'package' }, { title: 'version' }], rows)}`);
  } else if (backend.kind !== 'none') session.print('packages: none beside the standard library');
  return 0;
}

const nameOf = { bubblewrap: 'CPython in bubblewrap,', pyodide: 'Pyodide' } as const;

function versionOf(backend: PythonChoice['backend']): string | null {
  if (backend.kind === 'none') return null;
  return backend.kind === 'bubblewrap' ? backend.interpreter.version : backend.version;
}
