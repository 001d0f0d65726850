import { hash } from 'node:crypto';

/**
 * Ids of events of a stream recorded at one moment: UUIDs of version 7 (RFC 9562 §5.7) whose place of random bits is taken by
 * 42 bits of the SHA-256 of workspace and stream and 32 bits of the version. Being in order of time they enter the index at
 * its end.
 */
export function eventIdsOf(workspaceId: string, stream: string, recordedAt: number): (version: number) => string {
  const time = recordedAt.toString(16).padStart(12, '0');
  const digest = hash('sha256', `${workspaceId.length}:${workspaceId}${stream}`, 'hex');
  // The variant's two bits are 10; the other two of that digit come from the digest.
  const variant = (8 | (Number.parseInt(digest.slice(0, 1), 16) & 3)).toString(16);
  const prefix = `${time.slice(0, 8)}-${time.slice(8)}-7${digest.slice(1, 4)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 11)}`;
  return (version) => prefix + version.toString(16).padStart(8, '0');
}
