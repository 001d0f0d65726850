import { isRiskflowError, RiskflowError, type LeaseOwner } from '../../schemas/index.ts';
import type { BatchActivities, BatchName, OpenResult } from '../../workflows/index.ts';
import { noteWish, readWish, watchWish } from '../commands/batches/batch-control.ts';
import type { BatchKind, BatchWork } from '../commands/batches/batch-work.ts';
import type { Context } from '../context.ts';
import { holderOf, LEASE_MS, TEMPORAL_HOST } from '../leases.ts';
import { leaseLost, whileBeating } from './batch-beat.ts';
import { performPiece, Tally, withPiece } from './batch-piece.ts';
import { guarded } from './final-failures.ts';

export type BatchActivityDeps = {
  readonly context: Pick<Context, 'workspaceId' | 'storage' | 'now' | 'actor' | 'owner' | 'isDead'>;
  readonly kinds: Readonly<Record<BatchName['kind'], BatchKind>>;
};

const KNOWN_BATCHES = 8;

/** The activities of batches over the ports of this process. */
export function createBatchActivities(deps: BatchActivityDeps): BatchActivities {
  const { context } = deps;
  const works = new Map<string, Promise<BatchWork>>();
  const workOf = ({ kind, id }: BatchName): Promise<BatchWork> => {
    const name = `${kind}/${id}`;
    const work = works.get(name) ?? deps.kinds[kind].open(id);
    // The last one used is the last one in the map.
    works.delete(name);
    works.set(name, work);
    work.catch(() => works.delete(name));
    const oldest = works.size > KNOWN_BATCHES ? works.keys().next().value : undefined;
    if (oldest !== undefined) works.delete(oldest);
    return work;
  };
  const checked = <T>({ workspaceId }: BatchName, task: () => Promise<T>): Promise<T> =>
    guarded(() => {
      if (workspaceId !== context.workspaceId)
        throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
      return task();
    });
  return {
    openBatch: (args) => checked(args, () => openBatch(deps, { ...args, work: () => workOf(args) })),
    performRuns: (args) =>
      checked(args, () =>
        withPiece(context, args, async (held) => {
          const work = await workOf(args);
          const runs = await work.runs(args.piece);
          const watch = await watchWish(context, resourceOf(args), work.calls.cancel);
          const leave = work.calls.enter(args.calls);
          try {
            return await performPiece(held, { args, watch, runs });
          } finally {
            watch.close();
            leave();
          }
        }),
      ),
    failRuns: (args) =>
      checked(args, () =>
        withPiece(context, args, async ({ lease }) => {
          const tally = new Tally();
          for (const run of await (await workOf(args)).runs(args.piece)) {
            tally.add(run, await run.giveUp({ fence: lease.fence, within: args.fence, error: args.error }));
          }
          return tally.counts();
        }),
      ),
    readWish: (args) => checked(args, async () => (await readWish(context, resourceOf(args)))?.wish ?? null),
    noteWish: ({ wish, reason, ...name }) => checked(name, async () => void (await noteWish(context, resourceOf(name), { wish, reason }))),
    closeBatch: ({ fence, counts, ...name }) =>
      checked(name, () =>
        whileBeating(context, fence, async () => {
          const kind = deps.kinds[name.kind];
          const ended = await kind.ended(name.id);
          const verdict = ended === undefined ? await kind.close(name.id, { fence, counts }).catch(lostOf(fence.resource)) : ended;
          await context.storage.leases.release(name.workspaceId, fence);
          works.delete(resourceOf(name));
          return { verdict };
        }),
      ),
  };
}

const resourceOf = ({ kind, id }: Pick<BatchName, 'kind' | 'id'>): string => `${kind}/${id}`;

/** Only the lease of the whole batch is written with where it ends. */
const lostOf =
  (resource: string) =>
  (error: unknown): never => {
    throw isRiskflowError(error) && error.code === 'taken_over' ? leaseLost(resource) : error;
  };

type Opening = BatchName & { readonly owner: string; readonly work: () => Promise<BatchWork> };

async function openBatch({ context, kinds }: BatchActivityDeps, { owner, work, ...name }: Opening): Promise<OpenResult> {
  const ended = await kinds[name.kind].ended(name.id);
  if (ended !== undefined) return { status: 'over', verdict: ended };
  const { shape } = await work();
  const resource = resourceOf(name);
  const { workspaceId, storage, now } = context;
  const who: LeaseOwner = { owner, host: TEMPORAL_HOST, boot: 'temporal', pid: 0 };
  const taken = await storage.leases.take(workspaceId, resource, who, { now: now(), ttlMs: LEASE_MS, isDead: context.isDead });
  if (taken.status === 'held' && taken.by.owner !== owner)
    return { status: 'held', by: holderOf(taken.by), waitMs: Math.max(taken.until - now(), 0) + 100 };
  const wish = (await readWish(context, resource))?.wish ?? null;
  if (taken.status === 'taken') return { status: 'taken', fence: taken.fence, shape, wish };
  // The answer to an earlier taking was lost: it is ours, and this is its fence.
  const lease = await storage.leases.read(workspaceId, resource);
  if (lease?.owner !== owner) throw new RiskflowError('busy', `the lease ${resource} changed hands while it was taken`);
  return { status: 'taken', fence: { resource, owner, fence: lease.fence }, shape, wish };
}
