import { setTimeout as delay } from 'node:timers/promises';
import { RiskflowError } from '../schemas/index.ts';
import type { Context } from './context.ts';

/** A process counts as there for so long after its last word, which it repeats every third of it. */
const PRESENT_MS = 15_000;
const REPEAT_MS = 5_000;
const WITHDRAW_MS = 2_000;

type PresenceContext = Pick<Context, 'storage' | 'workspaceId' | 'owner' | 'now'>;
export type PresenceOptions = {
  /** As in `riskflow worker`. */
  readonly role: string;
  /** Told once when the tables were changed so that this process cannot work with them, and once when they fit again. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
};

export type Presence = { readonly withdraw: () => Promise<void> };

/**
 * Says on the storage that this process is there, as long as it is, so that nobody changes the tables under it; and looks whether somebody did.
 * @throws RiskflowError `unsupported` when the tables do not fit by now
 */
export async function bePresent(context: PresenceContext, { role, onNotice }: PresenceOptions): Promise<Presence> {
  const { storage, workspaceId, owner, now } = context;
  const announce = (): Promise<void> => storage.presence.announce(workspaceId, role, owner, { now: now(), ttlMs: PRESENT_MS });
  await announce();
  // Looked at again now that nobody changes them any more: they fitted when the storage was opened.
  const misfit = await storage.unfit();
  if (misfit !== undefined) {
    await storage.presence.withdraw(workspaceId, role, owner).catch(() => undefined);
    throw new RiskflowError('unsupported', misfit, { hint: 'run `riskflow migrate`, or start the release that fits them' });
  }
  let told = false;
  const look = async (): Promise<void> => {
    const found = await storage.unfit();
    if ((found !== undefined) === told) return;
    told = found !== undefined;
    onNotice?.(found === undefined ? 'the tables fit this release again' : `cannot work on: ${unfitSentence(found)}`);
  };
  // Trouble with storage is told by whoever needs it; what was missed is said the next time.
  const beat = async (): Promise<void> => {
    await announce().catch(() => undefined);
    await look().catch(() => undefined);
  };
  let under: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    under = beat();
  }, REPEAT_MS);
  timer.unref();
  return {
    withdraw: async () => {
      clearInterval(timer);
      const withdrawn = under.then(() => storage.presence.withdraw(workspaceId, role, owner)).catch(() => undefined);
      // It lapses by itself when storage is away, which is not waited out by a process that ends.
      await Promise.race([withdrawn, delay(WITHDRAW_MS, undefined, { ref: false })]);
    },
  };
}

export const unfitSentence = (misfit: string): string => `the tables were changed under this process: ${misfit}`;
