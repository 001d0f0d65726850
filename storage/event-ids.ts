import { hash } from 'node:crypto';

/**
 * The id of an event is made from (workspace, stream, version), so writing the same again gives the same id. It is a UUID of
 * version 8 (RFC 9562 §5.8): 74 bits of the SHA-256 of workspace and stream, then 48 bits of version. The events of a stream
 * are thereby neighbours in the index.
 */
export function eventIdsOf(workspaceId: string, stream: string): (version: number) => string {
  const digest = hash('sha256', `${workspaceId.length}:${workspaceId}${stream}`, 'hex');
  // The variant's two bits are 10; the other two of that digit and all other digits come from the digest.
  const variant = (8 | (Number.parseInt(digest.slice(15, 16), 16) & 3)).toString(16);
  const prefix = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(12, 15)}-${variant}${digest.slice(16, 19)}-`;
  return (version) => prefix + version.toString(16).padStart(12, '0');
}
