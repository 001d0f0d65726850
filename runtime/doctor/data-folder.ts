import { accessSync, constants, statfsSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../schemas/index.ts';
import { ok, problem, warning, type Judgement, type Subject } from './finding.ts';

export type FolderFacts = {
  readonly folder: string;
  /** The folder, or the nearest one above it that is there: in that one it will be made. */
  readonly nearest: string;
  /** Why nothing can be written there; undefined where it can. */
  readonly refusal: string | undefined;
  readonly freeBytes: number;
  /** Type of the file system, as Linux numbers them; 0 elsewhere. */
  readonly fileSystem: number;
  /** Permission bits of the data file, without those of who may not enter the folder; undefined while there is none, and on Windows. */
  readonly fileMode: number | undefined;
};

/** What holds the data of SQLite. */
export const DATA_FILE = 'riskflow.sqlite';

export const dataFolder: Subject = {
  name: 'data folder',
  examine: ({ reading }) => Promise.resolve(judgeFolder(gatherFolder(reading.dataFolder), reading.storage?.value.kind !== 'mysql')),
};

function gatherFolder(folder: string): FolderFacts {
  const nearest = nearestThere(folder);
  const { bavail, bsize, type } = statfsSync(nearest);
  const file = statSync(join(folder, DATA_FILE), { throwIfNoEntry: false });
  return {
    folder,
    nearest,
    refusal: refusalOf(nearest),
    freeBytes: bavail * bsize,
    fileSystem: process.platform === 'linux' ? type : 0,
    fileMode: file === undefined || process.platform === 'win32' ? undefined : reachableMode(file.mode, statSync(folder).mode),
  };
}

const reachableMode = (file: number, folder: number): number =>
  file & (0o700 | ((folder & 0o010) === 0 ? 0 : 0o070) | ((folder & 0o001) === 0 ? 0 : 0o007));

function nearestThere(folder: string): string {
  let path = folder;
  while (lookAt(path) === undefined && dirname(path) !== path) path = dirname(path);
  return path;
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Something above it is a file, or closed to us.
    return undefined;
  }
}

function refusalOf(path: string): string | undefined {
  if (lookAt(path)?.isDirectory() !== true) return `${path} is a file`;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const GIB = 1024 ** 3;
const LITTLE = 1 * GIB;
const TOO_LITTLE = 0.1 * GIB;

/** Numbers of `statfs(2)`: file systems on which several processes cannot share the memory that SQLite's WAL needs. */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x65735546, 'FUSE'],
]);

/** @param holdsEvents whether the events lie there, in SQLite */
export function judgeFolder(facts: FolderFacts, holdsEvents: boolean): readonly Judgement[] {
  return [judgeWritable(facts), judgeSpace(facts), ...(holdsEvents ? [judgeFileSystem(facts)] : []), ...judgeMode(facts)];
}

function judgeWritable({ folder, nearest, refusal }: FolderFacts): Judgement {
  if (refusal !== undefined)
    return problem(
      'writable',
      `${folder}: ${refusal}`,
      'give this user the right to write there, or name another folder with RISKFLOW_DATA',
    );
  return ok('writable', folder === nearest ? folder : `${folder}, which will be made`);
}

function judgeSpace({ freeBytes, nearest }: FolderFacts): Judgement {
  const text = `${(freeBytes / GIB).toFixed(1)} GB free`;
  const remedy = `make room on the disk of ${nearest}, or name another folder with RISKFLOW_DATA`;
  if (freeBytes < TOO_LITTLE) return problem('space', text, remedy);
  return freeBytes < LITTLE ? warning('space', text, remedy) : ok('space', text);
}

function judgeFileSystem({ fileSystem }: FolderFacts): Judgement {
  // Node gives the number with its sign on some systems.
  const name = SHARED.get(fileSystem >>> 0);
  if (name === undefined) return ok('file system', 'a local one');
  return warning(
    'file system',
    `${name}, on which SQLite's log may not work and locks may not hold`,
    'keep the data folder on a local disk, or use MySQL',
  );
}

function judgeMode({ fileMode, folder }: FolderFacts): readonly Judgement[] {
  if (fileMode === undefined) return [];
  const text = DATA_FILE;
  const remedy = `chmod -R go-rwx ${folder}`;
  if ((fileMode & 0o002) !== 0) return [problem('permissions', `${text} may be changed by every user of this machine`, remedy)];
  if ((fileMode & 0o044) !== 0) return [warning('permissions', `${text} may be read by other users of this machine`, remedy)];
  return [ok('permissions', `${text} is for this user`)];
}
