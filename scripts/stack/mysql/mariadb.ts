import { join } from 'node:path';
import { run } from '../command.ts';
import type { Command } from '../command.ts';
import { unpackPackages, withPrivateApt } from '../debian.ts';
import type { DatabaseRun, DatabaseVariant } from './variant.ts';

// The client package holds my_print_defaults, without which mariadb-install-db does nothing.
const PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];
const LIBRARY_FOLDERS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/**
 * MariaDB of the machine's own Debian, unpacked into a folder: installing it would start a service of the machine.
 * It needs neither root nor chroot, which is what makes it a fallback.
 */
export const mariadb: DatabaseVariant = {
  install: async (directory, log) => {
    await withPrivateApt(join(directory, 'apt'), log, (apt) => unpackPackages(apt, PACKAGES, tree(directory)));
    return (await run(unpacked(directory, 'sbin/mariadbd', ['--no-defaults', '--version']), log)).trim();
  },
  initialize: (given) =>
    unpacked(given.directory, 'bin/mariadb-install-db', [...common(given), '--auth-root-authentication-method=normal', '--skip-test-db']),
  serve: (given) =>
    unpacked(given.directory, 'sbin/mariadbd', [
      ...common(given),
      '--bind-address=127.0.0.1',
      `--port=${given.port}`,
      `--init-file=${given.home}/init.sql`,
      // Relative to the data, because the whole path of a socket must be shorter than 108 characters.
      '--socket=socket',
      '--pid-file=pid',
      '--character-set-server=utf8mb4',
    ]),
};

function common({ directory, home }: DatabaseRun): readonly string[] {
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const folders = [`--basedir=${tree(directory)}/usr`, `--datadir=${home}/data`, `--tmpdir=${home}/tmp`];
  return ['--no-defaults', ...folders, ...user];
}

function unpacked(directory: string, program: string, given: readonly string[]): Command {
  const usr = join(tree(directory), 'usr');
  const libraries = join(usr, 'lib', LIBRARY_FOLDERS[process.arch] ?? '');
  return { program: join(usr, program), arguments: given, environment: { ...process.env, LD_LIBRARY_PATH: libraries } };
}

function tree(directory: string): string {
  return join(directory, 'mariadb');
}
