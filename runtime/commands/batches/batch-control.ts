import { setTimeout as delay } from 'node:timers/promises';
import { RiskflowError, type BatchControlled } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

type Reader = Pick<Context, 'storage' | 'workspaceId'>;
export type Wished = Pick<BatchControlled['data'], 'wish' | 'reason'>;

const PAGE = 100;
/** Keeps a stop within two seconds. */
const POLL_MS = 400;

const controlStream = (resource: string): string => `${resource}/control`;

/** What was last wished of a batch (`evaluation/<id>`, `batch/<id>`), or null. */
export async function readWish({ storage, workspaceId }: Reader, resource: string): Promise<Wished | null> {
  let last: Wished | null = null;
  for (let known = 0; ;) {
    const page = await storage.events.readStream(workspaceId, controlStream(resource), { afterVersion: known, limit: PAGE });
    last = (page.at(-1)?.data as BatchControlled['data'] | undefined) ?? last;
    known += page.length;
    if (page.length < PAGE) return last;
  }
}

/** Notes a wish, which whoever works on the batch sees within half a second. One that holds already is not noted again. */
export async function noteWish(
  context: Pick<Context, 'storage' | 'workspaceId' | 'actor' | 'now'>,
  resource: string,
  { wish, reason }: Wished,
): Promise<'noted' | 'holds' | 'cancelled'> {
  const last = (await readWish(context, resource))?.wish ?? 'resume';
  if (last === wish) return 'holds';
  // For good.
  if (last === 'cancel') return 'cancelled';
  const { workspaceId, actor } = context;
  const events: readonly BatchControlled[] = [{ type: 'BatchControlled', data: { wish, reason, at: context.now() } }];
  const written = await context.storage.events.write({
    workspaceId,
    actor,
    appends: [{ log: 'ledger', stream: controlStream(resource), expected: { any: true }, events }],
  });
  if (written.status !== 'written') throw new RiskflowError('internal', `the wish for ${resource} could not be noted: ${written.status}`);
  return 'noted';
}

export type WishWatch = {
  /** Aborted on a pause. */
  readonly paused: AbortSignal;
  /** Aborted on a cancel, with its reason, a text. */
  readonly cancelled: AbortSignal;
  close(): void;
};

/**
 * Looks now and then for what is wished of a batch. Its first look is over when this resolves. Watches that share `cancel` hear of a
 * cancel, which is for good, when the first of them does.
 */
export async function watchWish(reader: Reader, resource: string, cancel = new AbortController()): Promise<WishWatch> {
  const paused = new AbortController();
  const closed = new AbortController();
  const look = async (): Promise<void> => {
    const wished = await readWish(reader, resource);
    if (wished?.wish === 'cancel') cancel.abort(wished.reason);
    if (wished?.wish === 'pause') paused.abort(new RiskflowError('failed', `${resource.replace('/', ' ')} was paused: ${wished.reason}`));
  };
  await look();
  const looking = async (): Promise<void> => {
    while (!closed.signal.aborted && !cancel.signal.aborted && !paused.signal.aborted) {
      await delay(POLL_MS, undefined, { signal: closed.signal });
      // Storage that is away shows where something is written.
      await look().catch(() => undefined);
    }
  };
  looking().catch(() => undefined);
  return { paused: paused.signal, cancelled: cancel.signal, close: () => closed.abort() };
}
