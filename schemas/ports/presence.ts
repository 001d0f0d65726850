import type { WorkspaceId } from '../event-envelope.ts';
import type { LeaseOwner } from './leases.ts';

/**
 * Who is at work on the storage although idle: without it nobody would see a worker that waits for its first run. What is to be changed under
 * everybody (`migrate --back`, `restore`) is refused while somebody is there.
 */
export type PresenceStore = {
  /** Says that a process is there until `now + ttlMs`; again to go on. `role`: what it is, such as `worker`. */
  announce(
    workspaceId: WorkspaceId,
    role: string,
    process: LeaseOwner,
    options: { readonly now: number; readonly ttlMs: number },
  ): Promise<void>;
  withdraw(workspaceId: WorkspaceId, role: string, process: LeaseOwner): Promise<void>;
};
