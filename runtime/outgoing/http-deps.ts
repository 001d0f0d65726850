import { createFileContents, type HttpDeps } from '../../activities/index.ts';
import type { OutgoingClient, Storage } from '../../schemas/index.ts';
import { keptFiles as keepFiles } from './kept-files.ts';
import { DEFAULT_HTTP_LIMITS } from './outgoing-settings.ts';

/** What effects make requests and find files with. */
export function httpDeps({
  outgoing,
  storage,
  workspaceId,
  httpLimits = DEFAULT_HTTP_LIMITS,
}: {
  readonly outgoing: OutgoingClient;
  readonly storage: Pick<Storage, 'events' | 'blobs'>;
  readonly workspaceId: string;
  readonly httpLimits?: HttpDeps['httpLimits'];
}): HttpDeps {
  const keptFiles = keepFiles(storage, workspaceId);
  return { outgoing, keptFiles, files: createFileContents({ outgoing, keptFiles }), httpLimits };
}
