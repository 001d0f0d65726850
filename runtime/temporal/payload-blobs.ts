import { createHash } from 'node:crypto';
import { RiskflowError, type Storage } from '../../schemas/index.ts';

/** Where payloads lie that are too large for Temporal: found by the SHA-256 of their bytes. */
export type PayloadBlobs = {
  /** Resolves with the name once the bytes are durable. */
  write(bytes: Uint8Array): Promise<string>;
  /** @throws RiskflowError `not_found` when nobody has them */
  read(sha256: string): Promise<Uint8Array>;
};

/** Of bytes kept in memory, so that what was just written or read is neither again. */
const CACHED_BYTES = 16 * 1024 * 1024;

/** Keeps payloads as blobs of a workspace. Their referrer is `temporal/<sha256>`. */
export function payloadBlobs(storage: Pick<Storage, 'events' | 'blobs'>, workspaceId: string): PayloadBlobs {
  const recent = recentBytes(CACHED_BYTES);
  return {
    write: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (recent.get(sha256) !== undefined) return sha256;
      const written = await storage.events.write({
        workspaceId,
        actor: 'temporal',
        appends: [],
        blobs: [{ sha256, bytes, referrer: `temporal/${sha256}` }],
      });
      if (written.status !== 'written') throw new RiskflowError('internal', `a payload could not be stored: ${written.status}`);
      recent.put(sha256, bytes);
      return sha256;
    },
    read: async (sha256) => {
      const bytes = recent.get(sha256) ?? (await storage.blobs.read(workspaceId, sha256));
      if (bytes === undefined) {
        throw new RiskflowError('not_found', `the payload ${sha256.slice(0, 12)} of Temporal is not in this storage`, {
          hint: 'workers and clients of one namespace share one database',
        });
      }
      recent.put(sha256, bytes);
      return bytes;
    },
  };
}

type RecentBytes = { get(name: string): Uint8Array | undefined; put(name: string, bytes: Uint8Array): void };

/** The last used, up to so many bytes in all. */
function recentBytes(limit: number): RecentBytes {
  const kept = new Map<string, Uint8Array>();
  let size = 0;
  const drop = (name: string): void => {
    size -= kept.get(name)?.length ?? 0;
    kept.delete(name);
  };
  const put = (name: string, bytes: Uint8Array): void => {
    drop(name);
    if (bytes.length > limit / 2) return;
    kept.set(name, bytes);
    size += bytes.length;
    for (const oldest of kept.keys()) {
      if (size <= limit) return;
      drop(oldest);
    }
  };
  return {
    get: (name) => {
      const bytes = kept.get(name);
      if (bytes !== undefined) put(name, bytes);
      return bytes;
    },
    put,
  };
}
