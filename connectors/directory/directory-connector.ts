import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RiskflowError, type ConnectorHost, type ConnectorOf, type PartitionEnd, type SourceConnector } from '../../schemas/index.ts';
import { pause, runTask } from '../delivery.ts';
import { fileReader, FileTrouble, troubleOf, type FileReader } from '../files/file-reader.ts';
import { followedFile, readIfChanged, type FollowedFile } from '../files/followed-file.ts';
import { partitionOf, type FollowOptions } from '../files/read-pass.ts';

export type DirectoryConnectorDeps = {
  /** Milliseconds without a change after which a file is taken to be finished as it is. @default 60000 */
  readonly quietMs?: number;
};

type Settings = ConnectorOf<'directory'>;

/**
 * Reads every file of a folder whose name fits the pattern, in order of their names, each as a topic of its own (see `createFileConnector`);
 * when it follows, also those that are added later and what is added to them. A file that cannot be read is told and left until it changes, and
 * the others are read; one that vanishes is forgotten; one that has become shorter is begun again. Folders in the folder are left out.
 */
export function createDirectoryConnector(settings: Settings, deps: DirectoryConnectorDeps = {}): SourceConnector {
  const { path, follow, everyMs } = settings;
  const options = { ...deps, follow };
  const fits = patternOf(settings.pattern);
  const names = async (): Promise<readonly string[]> => (await listing(path)).filter((name) => fits.test(name)).sort();
  // Kept, since a reader remembers how many rows a Parquet file has.
  const readers = new Map<string, FileReader>();
  return {
    run: (host) =>
      runTask(host, async () => {
        // Undefined: left out for good.
        const files = new Map<string, FollowedFile | undefined>();
        let wasListed = false;
        let isGone = false;
        while (!host.signal.aborted) {
          try {
            const present = await names();
            wasListed = true;
            isGone = false;
            await readAll(host, { settings, present, files, options });
          } catch (error) {
            if (!follow || !wasListed || !(error instanceof FileTrouble)) throw error;
            if (!isGone) host.notice(`${error.message}; it is looked for again`);
            isGone = true;
          }
          if (!follow) return host.signal.aborted ? undefined : failIfTroubled(files, path);
          await pause(everyMs, host.signal);
        }
      }),
    async ends() {
      const present = await names();
      for (const name of readers.keys()) if (!present.includes(name)) readers.delete(name);
      const found: PartitionEnd[] = [];
      for (const name of present) found.push(...(await endOf(readers, settings, name)));
      return found;
    },
    close: () => Promise.resolve(),
  };
}

/** `*` stands for any characters, `?` for one; names that begin with a point are fit only by a pattern that does, too. */
function patternOf(pattern: string): RegExp {
  const literal = (text: string): string => text.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&');
  // Several stars in a row are one, which keeps the expression from trying every way to share the characters out.
  const body = pattern.replaceAll(/\*+|\?|[^*?]+/g, (part) => (part.startsWith('*') ? '.*' : part === '?' ? '.' : literal(part)));
  return new RegExp(`^${pattern.startsWith('.') ? '' : '(?!\\.)'}${body}$`, 'su');
}

async function listing(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map((entry) => entry.name);
  } catch (error) {
    throw troubleOf(`the folder ${path}`, error);
  }
}

type Round = {
  readonly settings: Settings;
  readonly present: readonly string[];
  readonly files: Map<string, FollowedFile | undefined>;
  readonly options: FollowOptions;
};

async function readAll(host: ConnectorHost, { settings, present, files, options }: Round): Promise<void> {
  const names = new Set(present);
  for (const name of files.keys()) if (!names.has(name)) files.delete(name);
  for (const name of present) {
    if (host.signal.aborted) return;
    if (!files.has(name)) files.set(name, newFile(host, settings, name));
    const file = files.get(name);
    if (file !== undefined) await readIfChanged(host, file, options);
  }
}

/** A file whose name tells no format, or is too long, is told once and left out. */
function newFile(host: ConnectorHost, { path, format }: Settings, name: string): FollowedFile | undefined {
  try {
    return followedFile(fileReader(join(path, name), format));
  } catch (error) {
    if (!(error instanceof RiskflowError)) throw error;
    host.notice(`${error.message}: it is left out`);
    return undefined;
  }
}

function failIfTroubled(files: ReadonlyMap<string, FollowedFile | undefined>, path: string): void {
  const troubles = Array.from(files.values()).flatMap((file) => (file?.trouble === undefined ? [] : [file.trouble.error]));
  const [first] = troubles;
  if (first === undefined) return;
  const which = troubles.length === 1 ? 'one file' : `${troubles.length} files`;
  throw new RiskflowError('invalid_file', `${which} of ${files.size} in ${path} could not be read: ${first.message}`, { cause: first });
}

async function endOf(readers: Map<string, FileReader>, { path, format }: Settings, name: string): Promise<readonly PartitionEnd[]> {
  try {
    const reader = readers.get(name) ?? fileReader(join(path, name), format);
    readers.set(name, reader);
    return [{ ...partitionOf(name), low: 0, end: await reader.end(await reader.look()) }];
  } catch (error) {
    if (error instanceof RiskflowError) return [];
    throw error;
  }
}
