import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { SCRATCH_MB } from './launch.ts';

/** A file or folder of this machine that is to be seen in the jail, read-only, under a name of its own. */
export type Seen = { readonly from: string; readonly at: string };

export type Jail = {
  readonly seen: readonly Seen[];
  /** Folders in what is seen that are to be empty. */
  readonly hidden?: readonly string[];
  /** The only variables that the first program in it gets. */
  readonly variables: Readonly<Record<string, string>>;
};

/**
 * Arguments of bubblewrap for a jail with nothing in it but system libraries and what is named: no network, no other processes, no /proc,
 * nothing writable but a small /tmp, an empty environment, no privileges, and a user that owns nothing. It ends with this program. The
 * process id of what runs in it is told at descriptor 3.
 */
export function jailArguments({ seen, hidden = [], variables }: Jail, command: readonly string[]): readonly string[] {
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--as-pid-1', '--info-fd', '3'],
    ...['--uid', '65534', '--gid', '65534', '--hostname', 'sandbox', '--cap-drop', 'ALL', '--clearenv'],
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
    ...LIBRARIES.flatMap(systemFolder),
    ...seen.flatMap(({ from, at }) => ['--ro-bind', from, at]),
    ...hidden.flatMap((at) => ['--tmpfs', at, '--remount-ro', at]),
    ...['--dev-bind', '/dev/null', '/dev/null', '--dev-bind', '/dev/urandom', '/dev/urandom'],
    ...['--size', String(SCRATCH_MB * 2 ** 20), '--tmpfs', '/tmp', '--remount-ro', '/', '--chdir', '/tmp', '--'],
    ...command,
  ];
}

/** Where Linux keeps shared libraries and the loader. On most systems the second half are links to the first. */
const LIBRARIES = ['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/share/zoneinfo', '/lib', '/lib32', '/lib64', '/etc/ld.so.cache'];

function systemFolder(path: string): readonly string[] {
  const stats = lookedAt(path);
  if (stats === undefined) return [];
  return stats.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

function lookedAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
