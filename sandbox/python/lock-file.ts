import { RiskflowError } from '../../schemas/core.ts';

/** A requirements file in which every package has one version and the hashes of its files. */
export type LockFile = {
  /** With lines ended by \n, so that the same list has the same hash on every system. */
  readonly text: string;
  /** What was read and nothing else, a package on a line: this is for pip, whose own reading of a file might find more in it. */
  readonly lines: readonly string[];
  readonly packages: readonly { readonly name: string; readonly version: string }[];
};

const PACKAGE = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s*\[[\w\s,.-]*\])?\s*==\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)/;
/** A condition of ASCII, in which nothing is an option or a variable of the environment, and hashes. */
const REST =
  /^(?:\s*;(?:[ -#%-,.-[\]-~]|(?<!\s)-)*?)?((?:\s+--hash[= ](?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))*)$/;
const HOW = 'make it with `uv pip compile --generate-hashes requirements.in` or `pip-compile --generate-hashes requirements.in`';

/** Reads a lock file. @throws RiskflowError that names the line which is not as it must be */
export function readLockFile(given: string, name: string): LockFile {
  const text = given.replaceAll('\r\n', '\n');
  const found = statements(text);
  const packages = found.map(({ line, content }) => {
    const wrong = (what: string, hint: string): RiskflowError => new RiskflowError('invalid_file', `${name}:${line}: ${what}`, { hint });
    if (content.startsWith('-')) {
      throw wrong(
        `"${content.split(/[\s=]/)[0] ?? ''}" does not belong into the list`,
        'where packages come from is said on the command line: --index URL, --find-links FOLDER',
      );
    }
    const [start = '', packageName, version] = PACKAGE.exec(content) ?? [];
    if (packageName === undefined || version === undefined)
      throw wrong(`"${content.slice(0, 60)}" is no package with one version (name==1.2.3)`, HOW);
    const hashes = REST.exec(content.slice(start.length))?.[1];
    if (hashes === undefined) throw wrong(`${packageName} has more to it than a version, a condition and hashes`, HOW);
    if (hashes === '') throw wrong(`${packageName} has no hash`, HOW);
    return { name: packageName, version };
  });
  if (packages.length === 0) throw new RiskflowError('invalid_file', `${name} names no package`, { hint: HOW });
  return { text, lines: found.map(({ content }) => content), packages };
}

/** Lines without comments, those that a backslash continues as one. */
function statements(text: string): readonly { readonly line: number; readonly content: string }[] {
  const found: { readonly line: number; readonly content: string }[] = [];
  let open = '';
  let from = 1;
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (open === '') from = i + 1;
    open = `${open} ${line.replace(/\\$/, '')}`.trim();
    if (line.endsWith('\\')) continue;
    if (open !== '') found.push({ line: from, content: open });
    open = '';
  }
  if (open !== '') found.push({ line: from, content: open });
  return found;
}
