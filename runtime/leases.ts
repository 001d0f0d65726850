import { RiskflowError, type Fence, type LeaseOwner, type LeaseStore } from '../schemas/index.ts';

/** What stands for the host in leases of workflows. Not a host's name, so that no process looks for the owner among its neighbours. */
export const TEMPORAL_HOST = 'temporal:workflow';
/** A lease lasts this long unless renewed, which happens every third of it. */
export const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

export type HeldLease = {
  readonly fence: Fence;
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
};

export type LeaseDeps = {
  readonly workspaceId: string;
  readonly leases: LeaseStore;
  readonly owner: LeaseOwner;
  readonly isDead: (owner: LeaseOwner) => boolean;
  readonly now: () => number;
};

/** `evaluation/e-1` → `evaluation e-1`; of a part of something, the whole. */
const wordsOf = (resource: string): string => resource.replace(/^([^/]+)\/([^/]+).*$/, '$1 $2');

/** Who holds a lease, as a person is told. */
export const holderOf = ({ host, pid }: Pick<LeaseOwner, 'host' | 'pid'>): string =>
  host === TEMPORAL_HOST ? 'a workflow on Temporal' : `process ${pid} on ${host}`;

/** Somebody alive holds the lease: not that storage was busy. */
export class LeaseHeld extends RiskflowError {}

/**
 * Takes a lease and keeps it until released. @throws LeaseHeld, a RiskflowError `busy` naming the live owner and how long its lease lasts.
 */
export async function holdLease(deps: LeaseDeps, resource: string): Promise<HeldLease> {
  const { workspaceId, leases, owner, isDead, now } = deps;
  const result = await leases.take(workspaceId, resource, owner, { now: now(), ttlMs: LEASE_MS, isDead });
  if (result.status === 'held') {
    const seconds = Math.max(1, Math.ceil((result.until - now()) / 1000));
    throw new LeaseHeld('busy', `${wordsOf(resource)} is being worked on by ${holderOf(result.by)}`, {
      hint: `wait for it, or stop it: its lease ends ${seconds} s after its last sign of life`,
    });
  }
  const lost = new AbortController();
  const timer = setInterval(() => {
    leases.renew(workspaceId, result.fence, { now: now(), ttlMs: LEASE_MS }).then(
      (ours) => {
        if (!ours) lost.abort(new RiskflowError('busy', `${wordsOf(resource)} was taken over by another process`));
      },
      // A renewal that fails once is tried again; what is written meanwhile is guarded by the fence.
      () => undefined,
    );
  }, RENEW_MS);
  timer.unref();
  return {
    fence: result.fence,
    signal: lost.signal,
    release: async () => {
      clearInterval(timer);
      await leases.release(workspaceId, result.fence);
    },
  };
}
