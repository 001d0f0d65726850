import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { debianMirror, unpackPackages, withPrivateApt } from '../debian.ts';
import { StackFailure } from '../failure.ts';
import type { DatabaseRun, DatabaseVariant } from './variant.ts';

const PACKAGES = 'mysql-server-core,mysql-client-core';
const PROGRAMS = ['unshare', 'chroot', 'mount', 'wget'];
// The state is mounted here. Every Debian has the folder and nothing in it.
const HOME = '/srv';
/** What the container is told too: no second protocol on a port of its own, and no reading or writing of files by SQL. */
export const SHARED_OPTIONS: readonly string[] = ['--mysqlx=OFF', '--secure-file-priv=NULL', '--binlog-cache-size=1M'];

/**
 * MySQL of Debian unstable in a small Debian of its own, entered with chroot: Debian stable has no MySQL, and that of
 * unstable does not run with the libraries of stable.
 */
export const unstable: DatabaseVariant = {
  install,
  initialize: (given) => inside(given.directory, given.home, [...mysqld(), '--initialize-insecure']),
  serve: (given) => inside(given.directory, given.home, [...mysqld(), ...listening(given)]),
};

async function install(directory: string, log: string): Promise<string> {
  await requireRoot();
  const tools = join(directory, 'tools');
  const mirror = await withPrivateApt(join(directory, 'apt'), log, async (apt) => {
    await unpackPackages(apt, ['debootstrap'], tools);
    return debianMirror(apt);
  });
  await run(debootstrap(directory, tools, mirror), log);
  await rm(join(root(directory), 'var', 'cache', 'apt', 'archives'), { recursive: true, force: true });
  // Asked through the same mounts and chroot as the server, so that a machine that forbids them is found out now.
  return (await run(inside(directory, tools, ['/usr/sbin/mysqld', '--version']), log)).trim();
}

async function requireRoot(): Promise<void> {
  if (process.getuid?.() !== 0) throw new StackFailure('debootstrap and chroot need root');
  for (const name of PROGRAMS) {
    if ((await findProgram(name)) === undefined) throw new StackFailure(`debootstrap and chroot need ${name}`);
  }
}

function debootstrap(directory: string, tools: string, mirror: string): Command {
  const program = join(tools, 'usr', 'sbin', 'debootstrap');
  const wanted = ['--variant=minbase', `--include=${PACKAGES}`, 'sid', root(directory), mirror];
  return {
    // Process ids of its own as well: its many helpers then end with it, and none writes on after a kill.
    ...privately(['--pid', '--fork', '--kill-child', program, ...wanted]),
    title: 'debootstrap',
    environment: {
      ...process.env,
      DEBOOTSTRAP_DIR: join(tools, 'usr', 'share', 'debootstrap'),
      DEBIAN_FRONTEND: 'noninteractive',
    },
  };
}

/** Runs `unshare` with a mount namespace of its own: what is mounted there is gone when the last process in it ends, however it ends. */
function privately(given: readonly string[]): Command {
  return { program: 'unshare', arguments: ['--mount', '--propagation', 'private', ...given] };
}

/** A command inside the small Debian. Every link of the chain is an exec, so the process started is the server itself. */
function inside(directory: string, home: string, command: readonly string[]): Command {
  const script = [
    'set -e',
    'mount --bind /proc "$1/proc"',
    `mount --bind "$2" "$1${HOME}"`,
    'root=$1',
    'shift 2',
    'exec chroot "$root" "$@"',
  ].join('\n');
  return {
    ...privately(['sh', '-c', script, 'sh', root(directory), home, ...command]),
    title: command[0] ?? 'chroot',
    // Nothing of the caller's: TMPDIR, for one, names a folder that does not exist in there.
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  };
}

function mysqld(): readonly string[] {
  return ['/usr/sbin/mysqld', '--no-defaults', '--user=root', `--datadir=${HOME}/data`, `--tmpdir=${HOME}/tmp`, ...SHARED_OPTIONS];
}

function listening({ port }: DatabaseRun): readonly string[] {
  return [
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--init-file=${HOME}/init.sql`,
    `--socket=${HOME}/socket`,
    `--pid-file=${HOME}/pid`,
  ];
}

function root(directory: string): string {
  return join(directory, 'root');
}
