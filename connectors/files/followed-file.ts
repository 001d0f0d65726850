import type { ConnectorHost } from '../../schemas/index.ts';
import { FileTrouble, type FileReader } from './file-reader.ts';
import { markOf, readPass, type FileState, type FollowOptions } from './read-pass.ts';

/** A file that is looked at again and again, and what is known of it. `trouble`: why it could not be read when its mark was `mark`. */
export type FollowedFile = {
  readonly reader: FileReader;
  state: FileState | undefined;
  trouble: { readonly mark: string; readonly error: FileTrouble } | undefined;
};

export const followedFile = (reader: FileReader): FollowedFile => ({ reader, state: undefined, trouble: undefined });

const GONE = 'gone';

/**
 * Reads what is new in a file. What is wrong with the file is told once and kept in `trouble`, and the file left until it changes; where to go on then is
 * asked of the host.
 * @throws what the host throws.
 */
export async function readIfChanged(host: ConnectorHost, file: FollowedFile, options: FollowOptions): Promise<void> {
  let mark = GONE;
  try {
    const look = await file.reader.look();
    mark = look.mark;
    if (file.trouble?.mark === mark || (file.state !== undefined && markOf(look, options) === file.state.mark)) return;
    file.state = await readPass(host, file.reader, { ...options, known: file.state });
    file.trouble = undefined;
  } catch (error) {
    if (!(error instanceof FileTrouble)) throw error;
    const isNews = file.trouble?.mark !== mark;
    file.trouble = { mark, error };
    file.state = undefined;
    if (isNews && options.follow && !host.signal.aborted) host.notice(`${error.message}; it is left until it changes`);
  }
}
