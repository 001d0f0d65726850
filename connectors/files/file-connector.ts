import type { ConnectorOf, SourceConnector } from '../../schemas/index.ts';
import { pause, runTask } from '../delivery.ts';
import { fileReader } from './file-reader.ts';
import { followedFile, readIfChanged } from './followed-file.ts';
import { partitionOf } from './read-pass.ts';

export type FileConnectorDeps = {
  /** Milliseconds between two looks at a file that is followed. @default 1000 */
  readonly everyMs?: number;
  /** Milliseconds without a change after which a file that is followed is taken to be finished as it is. @default 60000 */
  readonly quietMs?: number;
};

const EVERY_MS = 1000;

/**
 * Reads one file: NDJSON and CSV placed by bytes (of a `.gz` by bytes of what it unpacks to), Parquet by record numbers from 0.
 *
 * A last line of NDJSON without a line end is a record when it is a whole object. A last row of CSV without one is a record when it has all its fields, unless
 * the file is followed: then it waits for its line end, or for a minute without a change. What is packed and not followed ends where it ends.
 * @throws RiskflowError `usage` when the settings do not tell the format.
 */
export function createFileConnector(settings: ConnectorOf<'file'>, deps: FileConnectorDeps = {}): SourceConnector {
  const reader = fileReader(settings.path, settings.format);
  const { everyMs = EVERY_MS, ...rest } = deps;
  const options = { ...rest, follow: settings.follow };
  return {
    run: (host) =>
      runTask(host, async () => {
        const file = followedFile(reader);
        let wasRead = false;
        while (!host.signal.aborted) {
          await readIfChanged(host, file, options);
          wasRead ||= file.state !== undefined;
          // One that was there and is being replaced comes back, one that is packed and cut may be whole later.
          if (file.trouble !== undefined && !(settings.follow && (wasRead || file.trouble.error.isCut))) throw file.trouble.error;
          if (!settings.follow) return;
          await pause(everyMs, host.signal);
        }
      }),
    async ends() {
      return [{ ...partitionOf(settings.path), low: 0, end: await reader.end(await reader.look()) }];
    },
    close: () => Promise.resolve(),
  };
}
