import { NO_USAGE, type Effect, type EffectExecutor, type EffectResult, type EffectStore } from '../schemas/index.ts';

/** Where equal questions share one answer: within the scope (an evaluation), by the key. */
export type ReuseKey = { readonly scope: string; readonly contentKey: string };

export type StoredEffectOptions = {
  readonly workspaceId: string;
  readonly effects: EffectStore;
  readonly perform: EffectExecutor;
  /** False only for a run whose first owner began it just now: it cannot have stored results. */
  readonly mayBeStored: (effect: Effect) => boolean;
  /** Null: never reused. */
  readonly reuseKey: (effect: Effect) => Promise<ReuseKey | null>;
};

/**
 * An executor that performs no effect twice: it first looks for a stored result of the effectId, then for one of equal content within
 * the scope of reuse, else performs and stores the result before it hands it on. Equal questions asked at the same time wait for
 * one answer. A failure is stored too: whether to try again is the interpreter's decision, under the next attempt.
 */
export function storedExecutor(options: StoredEffectOptions): EffectExecutor {
  const { workspaceId, effects, perform } = options;
  const underWay = new Map<string, Promise<EffectResult>>();
  // Keys this process has an answer for, so that a fresh run need not ask the store about every new question.
  const answered = new Set<string>();
  return async (effect, { signal }) => {
    // Each attempt is a call of its own: a stored failure must not answer the next attempt.
    const storedId = effect.attempt === 1 ? effect.effectId : `${effect.effectId}~${effect.attempt}`;
    if (options.mayBeStored(effect)) {
      const stored = await effects.find(workspaceId, effect.runId, storedId);
      if (stored !== undefined) return stored;
    }
    const keep = (result: EffectResult, key: ReuseKey | null): Promise<EffectResult> =>
      effects.put(workspaceId, { runId: effect.runId, effectId: storedId, result, ...(key === null ? {} : { reuse: key }) });
    const reuse = effect.attempt === 1 ? await options.reuseKey(effect) : null;
    if (reuse === null) return keep(await perform(effect, { signal }), null);

    const name = `${reuse.scope} ${reuse.contentKey}`;
    for (let earlier = underWay.get(name); earlier !== undefined; earlier = underWay.get(name)) {
      const shared = await earlier.catch(() => undefined);
      if (shared?.status === 'succeeded') return keep(asReused(shared), null);
    }
    // Nothing may be awaited between the look above and the entry below: another equal question would slip in.
    const own = answer(effect, { signal, reuse, name, keep });
    underWay.set(name, own);
    try {
      return await own;
    } finally {
      if (underWay.get(name) === own) underWay.delete(name);
    }
  };

  type Question = {
    readonly signal: AbortSignal;
    readonly reuse: ReuseKey;
    readonly name: string;
    readonly keep: (result: EffectResult, key: ReuseKey | null) => Promise<EffectResult>;
  };

  async function answer(effect: Effect, { signal, reuse, name, keep }: Question): Promise<EffectResult> {
    if (answered.has(name) || options.mayBeStored(effect)) {
      const known = await effects.findReusable(workspaceId, reuse.scope, reuse.contentKey);
      if (known !== undefined) return keep(asReused(known), null);
    }
    const performed = await perform(effect, { signal });
    const result = await keep(performed, performed.status === 'succeeded' ? reuse : null);
    if (result.status === 'succeeded') answered.add(name);
    return result;
  }
}

/** The same answer, without what it cost: that was paid once. */
const asReused = (result: EffectResult): EffectResult => ({ ...result, usage: NO_USAGE, elapsedMs: 0, reused: true });
