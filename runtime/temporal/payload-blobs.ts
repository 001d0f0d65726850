import { createHash } from 'node:crypto';
import { RiskflowError, type Storage } from '../../schemas/index.ts';

/** Where payloads lie that are too large for Temporal: found by the SHA-256 of their bytes. */
export type PayloadBlobs = {
  /** Resolves with the name once the bytes are durable. `of`: the workflow that needs them; they are kept for good when nobody knows. */
  write(bytes: Uint8Array, of?: string): Promise<string>;
  /** @throws RiskflowError `not_found` when nobody has them */
  read(sha256: string): Promise<Uint8Array>;
};

/** Of bytes kept in memory, so that what was just written or read is neither again. */
const CACHED_BYTES = 16 * 1024 * 1024;

const FOLDER = 'temporal/';
const DAY_MS = 24 * 3_600_000;
const MOST_CHARACTERS = 255;

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Who needs a payload: `temporal/DAY/WORKFLOW-ID`, the day (UTC) on which it was written for that workflow. */
function referrerOf(of: string | undefined, now: number): string {
  const referrer = `${FOLDER}${dayOf(now)}/${of ?? ''}`;
  return referrer.length <= MOST_CHARACTERS ? referrer : `${FOLDER}${dayOf(now)}/`;
}

/** Keeps payloads as blobs of a workspace, until `forgetPayloads` finds that their workflow is forgotten. */
export function payloadBlobs(storage: Pick<Storage, 'events' | 'blobs'>, workspaceId: string, now: () => number = Date.now): PayloadBlobs {
  const recent = recentBytes(CACHED_BYTES);
  return {
    write: async (bytes, of) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const referrer = referrerOf(of, now());
      if (recent.isNeededBy(sha256, referrer)) return sha256;
      const written = await storage.events.write({ workspaceId, actor: 'temporal', appends: [], blobs: [{ sha256, bytes, referrer }] });
      if (written.status !== 'written') throw new RiskflowError('internal', `a payload could not be stored: ${written.status}`);
      recent.put(sha256, bytes, referrer);
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

/** How many workflows are looked up at a time. */
const PAGE = 200;

/**
 * Removes payloads of workflows that Temporal has forgotten, which it does some time after they are over (the retention of its namespace):
 * nobody can ask for them any more. What was written yesterday or today is left alone, as its workflow may only be about to start.
 * @returns how many payloads went
 */
export async function forgetPayloads(
  blobs: Storage['blobs'],
  {
    workspaceId,
    now,
    isKnown,
    signal,
  }: {
    readonly workspaceId: string;
    readonly now: number;
    /** Whether Temporal has a workflow of this id, open or closed. */
    readonly isKnown: (workflowId: string) => Promise<boolean>;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const yesterday = dayOf(now - DAY_MS);
  let removed = 0;
  for (let after: string | undefined; !signal.aborted;) {
    const page = await blobs.referrers(workspaceId, FOLDER, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const referrer of page) {
      const [, day = '', workflowId = ''] = /^temporal\/(\d{4}-\d\d-\d\d)\/(.+)$/.exec(referrer) ?? [];
      if (day >= yesterday) return removed;
      if (signal.aborted || workflowId === '' || (await isKnown(workflowId))) continue;
      removed += await blobs.forget(workspaceId, referrer, { storedBefore: now - DAY_MS });
    }
    after = page.at(-1);
    if (page.length < PAGE) break;
  }
  return removed;
}

type RecentBytes = {
  get(name: string): Uint8Array | undefined;
  /** Whether it was noted that this one needs it. */
  isNeededBy(name: string, referrer: string): boolean;
  put(name: string, bytes: Uint8Array, referrer?: string): void;
};

/** The last used, up to so many bytes in all. */
function recentBytes(limit: number): RecentBytes {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly referrer: string | undefined }>();
  let size = 0;
  const drop = (name: string): void => {
    size -= kept.get(name)?.bytes.length ?? 0;
    kept.delete(name);
  };
  const put = (name: string, bytes: Uint8Array, referrer = kept.get(name)?.referrer): void => {
    drop(name);
    if (bytes.length > limit / 2) return;
    kept.set(name, { bytes, referrer });
    size += bytes.length;
    for (const oldest of kept.keys()) {
      if (size <= limit) return;
      drop(oldest);
    }
  };
  return {
    get: (name) => {
      const bytes = kept.get(name)?.bytes;
      if (bytes !== undefined) put(name, bytes);
      return bytes;
    },
    isNeededBy: (name, referrer) => kept.get(name)?.referrer === referrer,
    put,
  };
}
