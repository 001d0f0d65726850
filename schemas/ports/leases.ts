import type { WorkspaceId } from '../event-envelope.ts';
import type { Fence } from './event-store.ts';

/** Who holds or wants a lease. `host`, `boot` and `pid` let a dead process on the same machine be recognised at once. */
export type LeaseOwner = { readonly owner: string; readonly host: string; readonly boot: string; readonly pid: number };

export type LeaseResult =
  | { readonly status: 'taken'; readonly fence: Fence }
  /** `until`: milliseconds since 1970 when it expires unless renewed. */
  | { readonly status: 'held'; readonly by: LeaseOwner; readonly until: number };

export type LeaseStore = {
  /** Takes a free or expired lease, or one whose owner `isDead` (asked for owners on this host only). The fence rises by one. */
  take(
    workspaceId: WorkspaceId,
    resource: string,
    owner: LeaseOwner,
    options: { readonly now: number; readonly ttlMs: number; readonly isDead: (owner: LeaseOwner) => boolean },
  ): Promise<LeaseResult>;
  /** False when it is no longer ours. */
  renew(workspaceId: WorkspaceId, fence: Fence, options: { readonly now: number; readonly ttlMs: number }): Promise<boolean>;
  /** Gives it up; keeps the row, so that fences go on rising. */
  release(workspaceId: WorkspaceId, fence: Fence): Promise<void>;
  read(workspaceId: WorkspaceId, resource: string): Promise<(LeaseOwner & { readonly until: number; readonly fence: number }) | undefined>;
};
