import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Plan } from '../flow/core.ts';
import { NO_USAGE, PLAN_VERSION, type RunEvent, type RunStarted } from '../schemas/core.ts';
import { FactWriter, fitting, LostRun, OtherFacts } from './fact-writer.ts';
import type { AppendResult, FactsToAppend } from './run-activities.ts';

const started: RunStarted = {
  type: 'RunStarted',
  data: {
    runId: 'r1',
    planVersion: PLAN_VERSION,
    flow: 'f',
    flowVersion: 'v',
    mode: 'manual',
    origin: { kind: 'manual' },
    inputs: {},
    system: {},
    environment: {},
    pins: {},
    modelMap: {},
    at: 0,
  },
};
const plan: Plan = {
  planVersion: PLAN_VERSION,
  flow: 'f',
  flowVersion: 'v',
  mode: 'workflow',
  nodes: [],
  edges: [],
  scopes: [],
  root: 0,
  environment: {},
  conversation: {},
  conversationTypes: {},
  hasSecrets: false,
  mayWait: false,
};
const event = (n: number): RunEvent => ({
  type: 'EffectDiscarded',
  data: { nodeId: 'n', path: [], visit: 1, effectId: `e${n}`, usage: NO_USAGE, at: n },
});
const numbers = (events: readonly RunEvent[]): readonly number[] => events.map(({ data }) => data.at);

/** A writer over appends that are answered by hand. */
function setUp(written = 0) {
  const calls: { readonly facts: FactsToAppend; readonly answer: (result: AppendResult) => void; readonly fail: (error: Error) => void }[] =
    [];
  const stops: string[] = [];
  const errors: unknown[] = [];
  const writer = new FactWriter({
    args: { workspaceId: 'w', runId: 'r1', flowVersion: 'v', started, actor: 'tester', timeoutMs: 1000 },
    plan,
    fence: { resource: 'run/r1', owner: 'o', fence: 3 },
    written,
    append: (facts) => new Promise((answer, fail) => calls.push({ facts, answer, fail })),
    onStop: (reason) => stops.push(reason),
    onError: (error) => errors.push(error),
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { writer, calls, stops, errors, settle };
}

const fine: AppendResult = { status: 'written', stop: null };

describe('writing the facts of a run', () => {
  it('numbers them from where the stream ended and lets what comes meanwhile share the next write', async () => {
    const { writer, calls, settle } = setUp(4);
    writer.buffer([event(5)]);
    writer.flushSoon();
    writer.buffer([event(6)]);
    writer.flushSoon();
    writer.buffer([event(7)]);
    await settle();
    expect(calls.map(({ facts }) => [facts.from, numbers(facts.events), facts.status])).toEqual([[5, [5], 'running']]);
    calls[0]?.answer(fine);
    await settle();
    expect(calls.map(({ facts }) => [facts.from, numbers(facts.events), facts.status])[1]).toEqual([6, [6, 7], 'running']);
    writer.buffer([event(8)]);
    const end = writer.flush('succeeded');
    calls[1]?.answer(fine);
    await settle();
    expect([calls[2]?.facts.from, calls[2]?.facts.status, calls[2]?.facts.fence.fence]).toEqual([8, 'succeeded', 3]);
    calls[2]?.answer(fine);
    await expect(end).resolves.toBeUndefined();
    expect(calls).toHaveLength(3);
  });

  it('tells of a stop that somebody noted', async () => {
    const { writer, calls, stops, settle } = setUp();
    writer.buffer([event(1)]);
    writer.flushSoon();
    calls[0]?.answer({ status: 'written', stop: 'enough' });
    await settle();
    expect(stops).toEqual(['enough']);
  });

  it('says that the run was lost, at once and at the end, and writes nothing after it', async () => {
    const { writer, calls, errors, settle } = setUp();
    writer.buffer([event(1)]);
    writer.flushSoon();
    calls[0]?.answer({ status: 'taken-over' });
    await settle();
    expect(errors).toEqual([expect.any(LostRun)]);
    writer.buffer([event(2)]);
    writer.flushSoon();
    await expect(writer.flush('failed')).rejects.toBeInstanceOf(LostRun);
    expect(calls).toHaveLength(1);
  });

  it('says that the stream has other events, and writes nothing after it', async () => {
    const { writer, calls, errors, settle } = setUp();
    writer.buffer([event(1)]);
    writer.flushSoon();
    calls[0]?.answer({ status: 'differs' });
    await settle();
    expect(errors).toEqual([expect.any(OtherFacts)]);
    await expect(writer.flush('stopped')).rejects.toBeInstanceOf(OtherFacts);
    expect(calls).toHaveLength(1);
  });

  it('is closed once the write under way has ended, and begins no other', async () => {
    const { writer, calls, settle } = setUp();
    writer.buffer([event(1)]);
    writer.flushSoon();
    writer.buffer([event(2)]);
    let isClosed = false;
    const closed = writer.close().then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(false);
    calls[0]?.answer(fine);
    await closed;
    expect(calls).toHaveLength(1);
  });

  it('writes nothing after a write that failed: the numbers would be wrong', async () => {
    const { writer, calls, errors, settle } = setUp();
    writer.buffer([event(1)]);
    writer.flushSoon();
    writer.buffer([event(2)]);
    const end = writer.flush('succeeded');
    calls[0]?.fail(new Error('refused'));
    await expect(end).rejects.toThrow('refused');
    await settle();
    expect([errors.length, calls.length]).toEqual([1, 1]);
  });

  it('renews the lease with a write once three seconds have gone by, and never at the end', async () => {
    const { writer, calls, settle } = setUp();
    const now = Date.now();
    for (const [i, [at, status]] of (
      [
        [now, 'running'],
        [now + 3_500, 'running'],
        [now + 4_000, 'running'],
        [now + 9_000, 'succeeded'],
      ] as const
    ).entries()) {
      vi.spyOn(Date, 'now').mockReturnValue(at);
      writer.buffer([event(i)]);
      const end = status === 'running' ? writer.flushSoon() : writer.flush(status);
      await settle();
      calls[i]?.answer(fine);
      await settle();
      await end;
    }
    expect(calls.map(({ facts }) => facts.renew)).toEqual([false, true, false, false]);
  });
});

const slow = { quick: false };
const carried = (writer: FactWriter): readonly RunEvent[] => {
  const facts = writer.ride(slow);
  return facts === null || facts === 'later' ? [] : facts.events;
};

describe('facts that ride with an effect', () => {
  const facts = (from: number, count: number) => ({ from, events: Array.from({ length: count }, (_, i) => event(from + i)) });

  it('are all that is not known to be written, and none while a write is under way', async () => {
    const { writer, calls, settle } = setUp(2);
    expect(writer.ride(slow)).toBeNull();
    writer.buffer([event(3), event(4)]);
    expect(writer.ride(slow)).toMatchObject({ from: 3, events: [{ data: { at: 3 } }, { data: { at: 4 } }], status: 'running' });
    writer.landed(facts(3, 2));
    expect(writer.ride(slow)).toBeNull();
    writer.buffer([event(5)]);
    writer.flushSoon();
    expect(writer.ride(slow)).toBeNull();
    calls[0]?.answer(fine);
    await settle();
    expect(calls.map(({ facts: { from, events } }) => [from, numbers(events)])).toEqual([[5, [5]]]);
  });

  it('are carried by the last write too when the effect has not landed', async () => {
    const { writer, calls } = setUp();
    writer.buffer([event(1), event(2)]);
    expect(carried(writer)).toHaveLength(2);
    writer.buffer([event(3)]);
    const end = writer.flush('stopped');
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect([calls[0]?.facts.from, numbers(calls[0]?.facts.events ?? []), calls[0]?.facts.status]).toEqual([1, [1, 2, 3], 'stopped']);
    calls[0]?.answer(fine);
    await end;
  });

  it('that land while they are written again are not numbered twice', async () => {
    const { writer, calls, settle } = setUp();
    writer.buffer([event(1), event(2)]);
    writer.ride(slow);
    writer.flushSoon();
    writer.buffer([event(3)]);
    writer.landed(facts(1, 2));
    calls[0]?.answer(fine);
    await settle();
    expect(calls.map(({ facts: { from, events } }) => [from, numbers(events)])).toEqual([
      [1, [1, 2]],
      [3, [3]],
    ]);
  });

  it('of quick effects wait for later ones, but for those that are due', () => {
    const { writer } = setUp();
    const quick = { quick: true };
    writer.buffer([event(1)]);
    writer.buffer([event(2)]);
    // The first goes along, to be written when the effect takes its time.
    const ridden = writer.ride(quick);
    expect(ridden).toMatchObject({ from: 1, due: false });
    expect(ridden !== 'later' && numbers(ridden?.events ?? [])).toEqual([1]);
    expect(writer.ride(slow)).toMatchObject({ from: 1, due: false, renew: false });
    writer.landed(facts(1, 1));
    writer.buffer([event(3)]);
    expect(writer.ride(quick)).toBe('later');
    expect(writer.ride(slow)).toMatchObject({ from: 2, due: false, renew: false });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_200);
    expect(writer.ride(quick)).toMatchObject({ from: 2, due: true, renew: true });
    writer.buffer(facts(4, 40).events);
    expect(writer.ride(quick)).toMatchObject({ from: 2, due: true, renew: false });
  });

  it('do not ride when they are too many for one payload', () => {
    const { writer } = setUp();
    const large: RunEvent = { type: 'RunStopRequested', data: { reason: 'x'.repeat(300_000), at: 1 } };
    writer.buffer([large]);
    expect(carried(writer)).toHaveLength(1);
    writer.buffer([large]);
    expect(writer.ride(slow)).toBeNull();
  });
});

describe('how many facts fit into a payload', () => {
  it('is as many as the limit lets, one at least', () => {
    const size = (facts: readonly RunEvent[]): number => facts.reduce((sum, fact) => sum + JSON.stringify(fact).length, 0);
    fc.assert(
      fc.property(fc.array(fc.nat(1e9), { minLength: 1, maxLength: 40 }), fc.integer({ min: 50, max: 1000 }), (ns, limit) => {
        const all = ns.map(event);
        const count = fitting(all, limit);
        expect(count === 1 || size(all.slice(0, count)) <= limit).toBe(true);
        if (count < all.length) expect(size(all.slice(0, count + 1))).toBeGreaterThan(limit);
        else expect(count).toBe(all.length);
      }),
    );
  });
});
