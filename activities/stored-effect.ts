import type { CallLimiter } from './call-limiter.ts';
import { NO_USAGE, type Effect, type EffectExecutor, type EffectResult, type EffectStore } from '../schemas/index.ts';

/** Where equal questions share one answer: within the scope (an evaluation), by the key. */
export type ReuseKey = { readonly scope: string; readonly contentKey: string };

export type StoredEffectOptions = {
  readonly workspaceId: string;
  readonly effects: EffectStore;
  readonly perform: EffectExecutor;
  /** False only for a run whose first owner began it just now: it cannot have stored results. */
  readonly mayBeStored: (effect: Effect) => boolean;
  /** Limits the calls whose answers are not stored yet. */
  readonly calls: CallLimiter;
  /** Null: never reused. */
  readonly reuseKey: (effect: Effect) => Promise<ReuseKey | null>;
  /** True when other processes answer questions of the same scopes: the store is then asked about every new one. */
  readonly shared?: boolean;
};

/**
 * An executor that performs no effect twice: it first looks for a stored result of the effectId, then for one of equal content within
 * the scope of reuse, else performs and stores the result before it hands it on. Equal questions asked at the same time wait for
 * one answer. A failure is stored too: whether to try again is the interpreter's decision, under the next attempt.
 */
export function storedExecutor(options: StoredEffectOptions): EffectExecutor {
  const underWay = new Map<string, Promise<EffectResult>>();
  // Keys this process has an answer for, so that a fresh run need not ask the store about every new question.
  const answered = new Set<string>();
  return async (effect, { signal }) => {
    if (options.mayBeStored(effect)) {
      const stored = await options.effects.find(options.workspaceId, effect.runId, storedId(effect));
      if (stored !== undefined) return stored;
    }
    const reuse = effect.attempt === 1 ? await options.reuseKey(effect) : null;
    if (reuse === null) return performAndKeep(options, { effect, signal, reuse });

    const name = `${reuse.scope} ${reuse.contentKey}`;
    for (let earlier = underWay.get(name); earlier !== undefined; earlier = underWay.get(name)) {
      const shared = await earlier.catch(() => undefined);
      if (shared?.status === 'succeeded') return keep(options, effect, { result: asReused(shared), reuse: null });
    }
    // Nothing may be awaited between the look above and the entry below: another equal question would slip in.
    const mayBeKnown = answered.has(name) || options.shared === true || options.mayBeStored(effect);
    const own = answerOnce(options, { effect, signal, reuse, mayBeKnown });
    underWay.set(name, own);
    try {
      const result = await own;
      if (result.status === 'succeeded') answered.add(name);
      return result;
    } finally {
      if (underWay.get(name) === own) underWay.delete(name);
    }
  };
}

/** Each attempt is a call of its own: a stored failure must not answer the next attempt. */
const storedId = ({ effectId, attempt }: Effect): string => (attempt === 1 ? effectId : `${effectId}~${attempt}`);

type Question = { readonly effect: Effect; readonly signal: AbortSignal; readonly reuse: ReuseKey | null };

async function answerOnce(
  options: StoredEffectOptions,
  question: Question & { readonly reuse: ReuseKey; readonly mayBeKnown: boolean },
): Promise<EffectResult> {
  const { effect, reuse, mayBeKnown } = question;
  const known = mayBeKnown ? await options.effects.findReusable(options.workspaceId, reuse.scope, reuse.contentKey) : undefined;
  return known === undefined ? performAndKeep(options, question) : keep(options, effect, { result: asReused(known), reuse: null });
}

async function performAndKeep(options: StoredEffectOptions, { effect, signal, reuse }: Question): Promise<EffectResult> {
  const slot = options.calls.slot();
  try {
    const result = await options.perform(effect, { signal, slot });
    return await keep(options, effect, { result, reuse: result.status === 'succeeded' ? reuse : null });
  } finally {
    slot.giveBack();
  }
}

const keep = (
  { effects, workspaceId }: StoredEffectOptions,
  effect: Effect,
  { result, reuse }: { readonly result: EffectResult; readonly reuse: ReuseKey | null },
): Promise<EffectResult> =>
  effects.put(workspaceId, { runId: effect.runId, effectId: storedId(effect), result, ...(reuse === null ? {} : { reuse }) });

/** The same answer, without what it cost: that was paid once. */
const asReused = (result: EffectResult): EffectResult => ({ ...result, usage: NO_USAGE, elapsedMs: 0, reused: true });
