import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The version whose output is the standard. */
export const JINJA_VERSION = '3.1.6';
const SCRIPT = join(import.meta.dirname, 'jinja-oracle.py');

/** What Jinja made of a template: its text, or why it failed. */
export type Rendered = { readonly text: string } | { readonly error: string };

/** A Python that has this very Jinja: RISKFLOW_JINJA_PYTHON, python3, or the one scripts/jinja-golden.ts makes. Undefined where there is none. */
export function findJinja(): string | undefined {
  const made = join(process.env['RISKFLOW_STACK_CACHE'] ?? join(homedir(), '.cache/riskflow'), `jinja2-${JINJA_VERSION}`, 'bin/python3');
  const candidates = [process.env['RISKFLOW_JINJA_PYTHON'], 'python3', ...(existsSync(made) ? [made] : [])];
  return candidates.find((python) => {
    if (python === undefined || python === '') return false;
    const { status, stdout } = spawnSync(python, [SCRIPT, '--version'], { encoding: 'utf8', timeout: 20_000 });
    return status === 0 && stdout.trim() === JINJA_VERSION;
  });
}

/** Renders templates with the real Jinja2, in one process. `context` is JSON text. @throws when Python fails */
export function renderWithJinja(python: string, context: string, templates: readonly string[]): readonly Rendered[] {
  const input = [context.replaceAll('\n', ' '), ...templates.map((template) => JSON.stringify(template)), ''].join('\n');
  const { status, stdout, stderr } = spawnSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`Jinja could not be asked: ${stderr.slice(-500)}`);
  const rendered = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as readonly [string] | { readonly error: string });
  return rendered.map((row) => ('error' in row ? { error: row.error } : { text: row[0] }));
}
