import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, run } from './command.ts';
import { StackFailure } from './failure.ts';
import type { Need } from './server.ts';

/** apt with lists and packages of its own in a folder, so that nothing of the machine is changed and no root is needed. */
interface PrivateApt {
  readonly directory: string;
  readonly options: readonly string[];
  readonly log: string;
}

/** A need for programs of Debian itself. */
export function needsDebian(server: string): Need {
  return {
    sentence: `${server} is installed from Debian's packages and needs apt-get and dpkg-deb: use Debian 12 or newer, or start your own server.`,
    present: async () => (await findProgram('apt-get')) !== undefined && (await findProgram('dpkg-deb')) !== undefined,
  };
}

/**
 * Fetches the lists of the machine's own sources into such an apt in an empty folder, lets it be used, and deletes it.
 * Throws StackFailure when they cannot be fetched; errors of `use` pass through.
 */
export async function withPrivateApt<T>(directory: string, log: string, use: (apt: PrivateApt) => Promise<T>): Promise<T> {
  try {
    return await use(await privateApt(directory, log));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function privateApt(directory: string, log: string): Promise<PrivateApt> {
  await mkdir(join(directory, 'lists', 'partial'), { recursive: true });
  await mkdir(join(directory, 'cache', 'archives', 'partial'), { recursive: true });
  const settings = [
    `Dir::State::lists=${join(directory, 'lists')}`,
    `Dir::Cache=${join(directory, 'cache')}`,
    // The locks belong to the machine's own apt; our folder is guarded by the lock of the stack.
    'Debug::NoLocking=1',
    // apt would otherwise give up root for a user who may not be able to enter our folder.
    'APT::Sandbox::User=root',
  ];
  const apt = { directory, options: settings.flatMap((setting) => ['-o', setting]), log };
  await run({ program: 'apt-get', arguments: [...apt.options, 'update'] }, log);
  return apt;
}

/**
 * Downloads packages, with whatever they depend on and the machine does not have, and unpacks them into a folder
 * without installing anything. Throws StackFailure when one cannot be had.
 */
export async function unpackPackages(apt: PrivateApt, packages: readonly string[], target: string): Promise<void> {
  const wanted = ['install', '--yes', '--download-only', '--reinstall', '--no-install-recommends', ...packages];
  await run({ program: 'apt-get', arguments: [...apt.options, ...wanted] }, apt.log);
  const archives = join(apt.directory, 'cache', 'archives');
  await mkdir(target, { recursive: true });
  for (const file of (await readdir(archives)).filter((name) => name.endsWith('.deb'))) {
    await run({ program: 'dpkg-deb', arguments: ['--extract', join(archives, file), target] }, apt.log);
  }
}

const TARGET_FORMAT = '$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)';

/** The mirror of Debian that the machine itself uses. Throws StackFailure when its sources name none. */
export async function debianMirror(apt: PrivateApt): Promise<string> {
  const query = ['indextargets', '--format', TARGET_FORMAT, 'Created-By: Packages'];
  const mirror = chooseMirror(await run({ program: 'apt-get', arguments: [...apt.options, ...query] }, apt.log));
  if (mirror !== undefined) return mirror;
  throw new StackFailure('the apt sources of this machine name no http mirror of Debian');
}

/** Finds the main archive of Debian among lines of TARGET_FORMAT; its neighbours (security, updates) have no unstable. */
export function chooseMirror(targets: string): string | undefined {
  return targets
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([origin, component]) => origin === 'Debian' && component === 'main')
    .filter(([, , release]) => release !== undefined && !release.includes('-'))
    .map(([, , , uri]) => uri)
    .find((uri) => uri !== undefined && /^https?:/.test(uri));
}
