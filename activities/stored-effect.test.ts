import { describe, expect, it } from 'vitest';
import { NO_USAGE, type Effect, type EffectResult, type EffectStore } from '../schemas/index.ts';
import { createCallLimiter } from './call-limiter.ts';
import { storedExecutor, type ReuseKey } from './stored-effect.ts';

const effect = (effectId: string, extra: Partial<Effect> = {}): Effect => ({
  effectId,
  runId: 'r1',
  flowVersion: 'v1',
  nodeId: 'n',
  nodeType: 'llm',
  title: 'n',
  attempt: 1,
  delayMs: 0,
  secrets: [],
  contentKey: 'k',
  request: { kind: 'pinned', pin: { outputs: {} } },
  ...extra,
});
const success = (text: string): EffectResult => ({
  status: 'succeeded',
  outputs: { text },
  usage: { ...NO_USAGE, calls: 1 },
  elapsedMs: 5,
  reused: false,
});
const failure: EffectResult = {
  status: 'failed',
  error: { message: 'no', type: 'T', retryable: true },
  usage: { ...NO_USAGE, calls: 1 },
  elapsedMs: 5,
  reused: false,
};

/** A store in memory that counts what was asked of it. */
function memory(): { readonly store: EffectStore; readonly rows: Map<string, EffectResult>; readonly finds: () => number } {
  const rows = new Map<string, EffectResult>();
  const reusable = new Map<string, EffectResult>();
  let finds = 0;
  const store: EffectStore = {
    find: (_, runId, effectId) => {
      finds++;
      return Promise.resolve(rows.get(`${runId}/${effectId}`));
    },
    findReusable: (_, scope, key) => Promise.resolve(reusable.get(`${scope} ${key}`)),
    put: (_, { runId, effectId, result, reuse }) => {
      const kept = rows.get(`${runId}/${effectId}`) ?? result;
      rows.set(`${runId}/${effectId}`, kept);
      if (reuse !== undefined) reusable.set(`${reuse.scope} ${reuse.contentKey}`, kept);
      return Promise.resolve(kept);
    },
  };
  return { store, rows, finds: () => finds };
}

const signal = new AbortController().signal;
const reuseAll = (wanted: Effect): Promise<ReuseKey | null> =>
  Promise.resolve(wanted.contentKey === null ? null : { scope: 'e', contentKey: wanted.contentKey });
const reuseNone = (): Promise<null> => Promise.resolve(null);

function executor(
  options: { readonly answer?: (wanted: Effect) => EffectResult; readonly mayBeStored?: boolean; readonly reuse?: boolean } = {},
) {
  const { store, rows, finds } = memory();
  const performed: string[] = [];
  const perform = storedExecutor({
    workspaceId: 'w',
    effects: store,
    perform: async (wanted) => {
      performed.push(`${wanted.runId}/${wanted.effectId}/${wanted.attempt}`);
      await Promise.resolve();
      return options.answer?.(wanted) ?? success('ok');
    },
    calls: createCallLimiter(8),
    mayBeStored: () => options.mayBeStored ?? true,
    reuseKey: options.reuse === true ? reuseAll : reuseNone,
  });
  return { perform, performed, rows, finds };
}

describe('storedExecutor', () => {
  it('stores a result before it hands it on, and does not perform the effect again', async () => {
    const { perform, performed, rows } = executor();
    const first = await perform(effect('a#1'), { signal });
    expect(rows.get('r1/a#1')).toEqual(first);
    expect(await perform(effect('a#1'), { signal })).toEqual(first);
    expect(performed).toEqual(['r1/a#1/1']);
  });

  it('holds the slot of a call until its answer is stored, and gives it back when that fails', async () => {
    const calls = createCallLimiter(1);
    const putting = Promise.withResolvers<EffectResult>();
    const performed: string[] = [];
    const perform = storedExecutor({
      workspaceId: 'w',
      effects: { ...memory().store, put: () => putting.promise },
      perform: async ({ effectId }, options) => {
        await options.slot?.take(options.signal);
        performed.push(effectId);
        return success('ok');
      },
      calls,
      mayBeStored: () => false,
      reuseKey: reuseNone,
    });
    const both = Promise.allSettled([perform(effect('a#1'), { signal }), perform(effect('b#1'), { signal })]);
    await new Promise((resolve) => setImmediate(resolve));
    expect([performed, calls.inFlight()]).toEqual([['a#1'], 1]);
    putting.reject(new Error('the disk is full'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([performed, calls.inFlight()]).toEqual([['a#1', 'b#1'], 0]);
  });

  it('does not ask the store about a run that cannot have results yet', async () => {
    const { perform, finds } = executor({ mayBeStored: false });
    await perform(effect('a#1'), { signal });
    expect(finds()).toBe(0);
  });

  it('a stored failure answers the same attempt, and not the next one', async () => {
    const { perform, performed } = executor({ answer: (wanted) => (wanted.attempt === 1 ? failure : success('second')) });
    expect(await perform(effect('a#1'), { signal })).toMatchObject({ status: 'failed' });
    expect(await perform(effect('a#1'), { signal })).toMatchObject({ status: 'failed' });
    expect(await perform(effect('a#1', { attempt: 2 }), { signal })).toMatchObject({ status: 'succeeded' });
    expect(performed).toEqual(['r1/a#1/1', 'r1/a#1/2']);
  });

  it('equal questions share one call, one after the other and at the same time; what was paid is counted once', async () => {
    const { perform, performed } = executor({ reuse: true, mayBeStored: false });
    const together = await Promise.all(['r1', 'r2', 'r3'].map((runId) => perform(effect('a#1', { runId }), { signal })));
    const later = await perform(effect('a#1', { runId: 'r4' }), { signal });
    expect(performed).toHaveLength(1);
    expect([...together, later].map((result) => result.usage.calls)).toEqual([1, 0, 0, 0]);
    expect([...together, later].map((result) => result.reused)).toEqual([false, true, true, true]);
  });

  it('different questions, and those which must not be reused, are each asked', async () => {
    const { perform, performed } = executor({ reuse: true });
    await perform(effect('a#1', { contentKey: 'k1' }), { signal });
    await perform(effect('b#1', { contentKey: 'k2' }), { signal });
    await perform(effect('c#1', { contentKey: null }), { signal });
    await perform(effect('d#1', { contentKey: null }), { signal });
    expect(performed).toHaveLength(4);
  });

  it('a failure is not reused for another run', async () => {
    let calls = 0;
    const { perform, performed } = executor({ reuse: true, answer: () => (++calls === 1 ? failure : success('later')) });
    expect(await perform(effect('a#1', { runId: 'r1' }), { signal })).toMatchObject({ status: 'failed' });
    expect(await perform(effect('a#1', { runId: 'r2' }), { signal })).toMatchObject({ status: 'succeeded', reused: false });
    expect(performed).toHaveLength(2);
  });
});
