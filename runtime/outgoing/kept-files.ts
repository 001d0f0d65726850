import { createHash } from 'node:crypto';
import { KEPT_FILE_URL, RiskflowError, type KeptFiles, type Storage } from '../../schemas/index.ts';

const PREFIX = 'blob:';

/** Keeps files that come to be in runs as blobs of the workspace, needed by `run/<id>`. */
export function keptFiles(storage: Pick<Storage, 'events' | 'blobs'>, workspaceId: string): KeptFiles {
  return {
    keep: async (bytes, { runId }) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const blobs = [{ sha256, bytes, referrer: `run/${runId}` }];
      const written = await storage.events.write({ workspaceId, actor: 'run', appends: [], blobs });
      if (written.status !== 'written') throw new RiskflowError('internal', `a file of a run could not be kept: ${written.status}`);
      return `${PREFIX}${sha256}`;
    },
    read: (url) => (KEPT_FILE_URL.test(url) ? storage.blobs.read(workspaceId, url.slice(PREFIX.length)) : Promise.resolve(undefined)),
  };
}
