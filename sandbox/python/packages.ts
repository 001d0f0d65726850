import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Python packages that the operator installed together, from one lock file. */
export type PackageSet = {
  /** SHA-256 of the lock file, in hexadecimal: the name of the set. */
  readonly hash: string;
  /** The folder that Python imports from. */
  readonly folder: string;
  /** Of the Python they were installed with (`Interpreter.tag`). */
  readonly tag: string;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  /** What can be imported of them: `sklearn` of scikit-learn. */
  readonly imports: readonly string[];
};

const HASH = /^[0-9a-f]{64}$/;

/** Where the sets of a data folder lie. */
export const setsFolder = (dataFolder: string): string => join(dataFolder, 'code', 'packages');

/** The set in force: the one that was installed last. Null when there is none. @throws Error when its files are damaged */
export function currentSet(dataFolder: string): PackageSet | null {
  const file = join(setsFolder(dataFolder), 'current.json');
  if (!existsSync(file)) return null;
  const { set } = JSON.parse(readFileSync(file, 'utf8')) as { readonly set?: unknown };
  if (typeof set !== 'string' || !HASH.test(set)) throw new Error(`${file} names no set of packages`);
  return readSet(dataFolder, set);
}

/** @throws Error when it is not there */
export function readSet(dataFolder: string, hash: string): PackageSet {
  const folder = join(setsFolder(dataFolder), hash);
  const { tag, packages } = JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8')) as Pick<PackageSet, 'tag' | 'packages'>;
  const site = join(folder, 'site');
  const imports = readdirSync(site).flatMap((name) => /^([A-Za-z_]\w*)(?:\.py|\..*\.so)?$/.exec(name)?.[1] ?? []);
  return { hash, folder: site, tag, packages, imports };
}
