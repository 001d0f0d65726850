import './require-node-24.cjs';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import readRules from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { leaves, rooms } from './rooms.ts';

/** One broken rule. `via` is the way there, for cycles and for what is reached through others. */
export type Violation = {
  readonly rule: string;
  readonly comment: string;
  readonly from: string;
  readonly to: string;
  readonly via: readonly string[];
};

export type Layers = {
  /** How many source files were looked at. */
  readonly modules: number;
  readonly violations: readonly Violation[];
  /** Source files that dependency-cruiser did not see, so that no rule held for them. */
  readonly unseen: readonly string[];
  /** Folders with source files that are neither a room nor a leaf. */
  readonly unknownFolders: readonly string[];
};

const project = resolve(import.meta.dirname, '..');
const ruleFiles = ['.dependency-cruiser.cjs', '.dependency-cruiser.runtime.cjs'].map((name) => resolve(project, name));

const notOurs = new Set(['node_modules', 'dist', 'data', 'coverage']);
const isSource = (name: string): boolean => /\.[cm]?[jt]sx?$/.test(name);

/** Paths of the source files below a folder, relative to `root`, with forward slashes. */
function sourcesBelow(root: string, folder: string): string[] {
  return readdirSync(resolve(root, folder), { withFileTypes: true }).flatMap((item) => {
    const path = folder === '' ? item.name : `${folder}/${item.name}`;
    if (item.isDirectory()) return item.name.startsWith('.') || notOurs.has(item.name) ? [] : sourcesBelow(root, path);
    return isSource(item.name) && !item.name.startsWith('.') ? [path] : [];
  });
}

/** The rules see the imports of a file as Node will: nothing but types is stripped, and specifiers stay as they are. */
const asNodeReads = { compilerOptions: { target: 'esnext', module: 'esnext', verbatimModuleSyntax: true } };

async function cruiseWith(rules: string, sources: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...sources], await readRules(rules), {}, { tsConfig: asNodeReads });
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered with text where data was expected: ${output.slice(0, 200)}`);
  return output;
}

/**
 * Checks the source files of a project against the layer rules.
 *
 * dependency-cruiser works from the current folder, so this makes `root` the current folder of the process.
 *
 * @throws when a rule file cannot be read or a source file cannot be parsed
 */
export async function checkLayers(root: string, rules: readonly string[] = ruleFiles): Promise<Layers> {
  process.chdir(root);
  const sources = sourcesBelow(root, '');
  const folders = [...new Set(sources.filter((path) => path.includes('/')).map((path) => path.slice(0, path.indexOf('/'))))];
  const unknownFolders = folders.filter((folder) => !Object.hasOwn(rooms, folder) && !leaves.includes(folder));
  if (sources.length === 0) return { modules: 0, violations: [], unseen: [], unknownFolders };

  const results: ICruiseResult[] = [];
  for (const file of rules) results.push(await cruiseWith(file, sources));

  const violations = results.flatMap(({ summary }) => {
    const comments = new Map(summary.ruleSetUsed?.forbidden?.map(({ name, comment }) => [name, comment]));
    return summary.violations.map(({ rule, from, to, cycle, via }): Violation => {
      return { rule: rule.name, comment: comments.get(rule.name) ?? '', from, to, via: (cycle ?? via ?? []).map(({ name }) => name) };
    });
  });
  const unseen = results.flatMap(({ modules }) => {
    const seen = new Set(modules.map(({ source }) => source));
    return sources.filter((path) => !seen.has(path));
  });
  return { modules: sources.length, violations, unseen: [...new Set(unseen)], unknownFolders };
}

const help = `Checks who imports whom (scripts/rooms.ts, .dependency-cruiser.cjs).

  npm run check -- --only layers
  node scripts/layers.ts [--root FOLDER] [--rules FILE]... [--json]

Exit codes: 0 all rules hold and every source file was seen, 1 not so.
`;

function report({ modules, violations, unseen, unknownFolders }: Layers): string {
  const lines = [
    ...violations.map(({ rule, comment, from, to, via }) => {
      const way = via.length > 1 ? `\n  by way of ${via.join(' → ')}` : '';
      return `${rule}: ${from} → ${to}${way}\n  ${comment}`;
    }),
    ...unseen.map((path) => `not seen by dependency-cruiser, so no rule held for it: ${path}`),
    ...unknownFolders.map((folder) => `${folder}/ is neither a room nor a leaf: give it a row in scripts/rooms.ts`),
  ];
  const faults = lines.length;
  const verdict = faults === 0 ? 'all rules hold' : `${faults} ${faults === 1 ? 'fault' : 'faults'}`;
  return [...lines, `${modules} modules, ${verdict}`].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      root: { type: 'string', default: project },
      rules: { type: 'string', multiple: true, default: ruleFiles },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const layers = await checkLayers(
    resolve(values.root),
    values.rules.map((file) => resolve(file)),
  );
  console.log(values.json ? JSON.stringify(layers) : report(layers));
  if (layers.violations.length + layers.unseen.length + layers.unknownFolders.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
