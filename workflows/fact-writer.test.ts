import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Plan } from '../flow/core.ts';
import { NO_USAGE, PLAN_VERSION, type RunEvent, type RunStarted } from '../schemas/core.ts';
import { FactWriter, LostRun, partsOf } from './fact-writer.ts';
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
  root: 0,
  environment: {},
  conversation: {},
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

describe('parts of many facts', () => {
  it('keep all of them in order, each part within the limit unless one fact alone is beyond it', () => {
    const size = (facts: readonly RunEvent[]): number => facts.reduce((sum, fact) => sum + JSON.stringify(fact).length, 0);
    fc.assert(
      fc.property(fc.array(fc.nat(1e9), { maxLength: 40 }), fc.integer({ min: 50, max: 1000 }), (ns, limit) => {
        const facts = ns.map(event);
        const parts = partsOf(facts, limit);
        expect(parts.flat()).toEqual(facts);
        for (const [i, part] of parts.entries()) {
          expect(part.length === 1 || size(part) <= limit).toBe(true);
          const next = parts[i + 1]?.[0];
          if (next !== undefined) expect(size([...part, next])).toBeGreaterThan(limit);
        }
      }),
    );
  });
});
