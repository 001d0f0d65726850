import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flowOf, startNode, type TestNode } from '../flow/testing/dsl.ts';
import { startedEvent, succeed } from '../flow/testing/drive.ts';
import type { Effect, EffectExecutor, EventStore, Fence, RunEvent, Storage } from '../schemas/index.ts';
import { openSqliteStorage, processIdentity } from '../storage/index.ts';
import { driveRun, runStream, type DriveOptions } from '../runtime/embedded/run-host.ts';

const llm = (id: string): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm' },
  prompt_template: [{ role: 'user', text: 'hi' }],
});
const { plan } = flowOf(
  [startNode(), llm('a'), llm('b'), { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['b', 'text'] }] }],
  ['start -> a', 'a -> b', 'b -> end'],
);
const { plan: sideBySide } = flowOf(
  [startNode(), llm('a'), llm('b'), llm('c'), { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['c', 'text'] }] }],
  ['start -> a', 'start -> b', 'start -> c', 'c -> end'],
);

describe('driveRun', () => {
  let folder = '';
  let storage: Storage;
  let fence: Fence;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-host-'));
    storage = await openSqliteStorage({ folder });
    fence = await takeLease();
  });
  afterEach(async () => {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function takeLease(isDead = false): Promise<Fence> {
    const taken = await storage.leases.take('w', 'run/run-1', processIdentity(), { now: Date.now(), ttlMs: 10_000, isDead: () => isDead });
    if (taken.status !== 'taken') throw new Error('the lease is held');
    return taken.fence;
  }
  const drive = (perform: EffectExecutor, extra: Partial<DriveOptions> = {}, events: EventStore = storage.events) =>
    driveRun(
      { workspaceId: 'w', events, perform, now: Date.now, actor: 'test' },
      { plan, history: [], started: startedEvent(plan, {}), fence, durableStart: true, signal: new AbortController().signal, ...extra },
    );
  const stored = async (): Promise<readonly RunEvent[]> =>
    (await storage.events.readStream('w', runStream('run-1'))).map(({ type, data }) => ({ type, data }) as RunEvent);
  /** A store whose second write hangs until the gate is opened: after the durable start, that of the first result. */
  const gated = () => {
    const gate = Promise.withResolvers<void>();
    let count = 0;
    const write: EventStore['write'] = async (unit) => {
      if (++count === 2) await gate.promise;
      return storage.events.write(unit);
    };
    const slow: EventStore = { ...storage.events, write };
    return { gate, slow, writes: () => count };
  };
  const echoOf = (text: string) => Promise.resolve(succeed({ text }));
  const echo: EffectExecutor = (effect: Effect) => echoOf(effect.nodeId);

  it('writes every event once, in order, and the run status with them', async () => {
    const outcome = await drive(echo);
    expect(outcome).toMatchObject({ status: 'finished', data: { status: 'succeeded', totalSteps: 4 } });
    expect((await stored()).map((event) => event.type)).toEqual([
      'RunStarted',
      'NodeFinished',
      'NodeStarted',
      'NodeFinished',
      'NodeStarted',
      'NodeFinished',
      'NodeFinished',
      'RunFinished',
    ]);
    expect(await storage.events.runStatus('w', 'run-1')).toMatchObject({ status: 'succeeded' });
  });

  it('goes on from any beginning of its events without performing a recorded effect again', async () => {
    await drive(echo);
    const whole = await stored();
    for (let cut = 1; cut < whole.length; cut++) {
      const performed: string[] = [];
      const history = whole.slice(0, cut);
      const outcome = await drive(
        (effect) => {
          performed.push(effect.effectId);
          return Promise.resolve(succeed({ text: effect.nodeId }));
        },
        { history },
      );
      expect(outcome).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
      const recorded = history.flatMap((event) =>
        event.type === 'NodeFinished' && event.data.effectId !== null ? [event.data.effectId] : [],
      );
      expect(performed).toEqual(['a#1', 'b#1'].filter((effectId) => !recorded.includes(effectId)));
      expect(await stored()).toHaveLength(whole.length);
    }
  });

  it('a stop ends the run within two seconds, aborts its effects and starts no other', async () => {
    const performed: string[] = [];
    let aborted = false;
    let stopAsked = false;
    const began = performance.now();
    const running = drive(
      (effect, { signal }) => {
        performed.push(effect.effectId);
        stopAsked = true;
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        });
      },
      { stopRequested: () => Promise.resolve(stopAsked ? 'enough' : undefined) },
    );
    expect(await running).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
    expect(performance.now() - began).toBeLessThan(2000);
    expect({ performed, aborted }).toEqual({ performed: ['a#1'], aborted: true });
    expect((await stored()).map((event) => event.type)).toContain('RunStopRequested');
  });

  it('a cancel ends its effects at once, those that wait for their turn too, and not only with the run', async () => {
    const cancel = new AbortController();
    const { gate, slow, writes } = gated();
    const ended: string[] = [];
    const running = drive(
      ({ effectId }, { signal }) =>
        new Promise((_, reject) => {
          const end = (): void => {
            ended.push(effectId);
            reject(new Error('aborted'));
          };
          signal.addEventListener('abort', end);
          if (effectId === 'c#1') cancel.abort('enough');
        }),
      { plan: sideBySide, started: startedEvent(sideBySide, {}), cancelled: cancel.signal },
      slow,
    );
    await vi.waitFor(() => expect(writes()).toBe(2));
    expect(ended).toEqual(['a#1', 'b#1', 'c#1']);
    gate.resolve();
    expect(await running).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
  });

  it('a run that is cancelled before it is driven begins no effect', async () => {
    const begun: string[] = [];
    const perform: EffectExecutor = ({ effectId }, { signal }) => {
      if (!signal.aborted) begun.push(effectId);
      return Promise.reject(new Error('aborted'));
    };
    expect(await drive(perform, { cancelled: AbortSignal.abort('enough') })).toMatchObject({
      data: { status: 'stopped', error: 'enough' },
    });
    expect(begun).toEqual([]);
  });

  it('a run past its time limit is stopped and says so', async () => {
    const outcome = await drive(
      (_, { signal }) => new Promise((__, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      { timeoutMs: 50 },
    );
    expect(outcome).toMatchObject({
      status: 'finished',
      data: { status: 'stopped', error: expect.stringContaining('runTimeoutMs') as string },
    });
  });

  it('an owner whose lease was taken over writes nothing more', async () => {
    const outcome = await drive(async (effect) => {
      if (effect.nodeId === 'b') fence = await takeLease(true);
      return succeed({ text: effect.nodeId });
    });
    expect(outcome).toEqual({ status: 'taken-over' });
    expect((await stored()).some((event) => event.type === 'RunFinished')).toBe(false);
  });

  it('an abort leaves the run unfinished for the next owner', async () => {
    const abort = new AbortController();
    const running = drive(
      (effect) => {
        if (effect.nodeId === 'b') abort.abort(new Error('shut down'));
        return new Promise((resolve) => setTimeout(() => resolve(succeed({ text: effect.nodeId })), 5));
      },
      { signal: abort.signal },
    );
    await expect(running).rejects.toThrow('shut down');
    expect(await storage.events.unfinishedRuns('w')).toMatchObject([{ runId: 'run-1', status: 'running' }]);
  });

  it('that rejects has nothing on its way any more, so that a second try under the same fence finds all that was written', async () => {
    const { gate, slow, writes } = gated();
    const failing: EffectExecutor = ({ nodeId }) => (nodeId === 'a' ? echoOf(nodeId) : Promise.reject(new Error('the store is away')));
    let isOver = false;
    const first = drive(failing, {}, slow).finally(() => (isOver = true));
    first.catch(() => undefined);
    await vi.waitFor(() => expect(writes()).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOver).toBe(false);
    gate.resolve();
    await expect(first).rejects.toThrow('the store is away');
    const history = await stored();
    expect(history.map(({ type }) => type)).toEqual(['RunStarted', 'NodeFinished', 'NodeStarted', 'NodeFinished', 'NodeStarted']);
    expect(await drive(echo, { history })).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect((await stored()).slice(0, history.length)).toEqual(history);
    expect(writes()).toBe(2);
  });

  it('begins none of the writes that wait behind another when it rejects', async () => {
    const { gate, slow, writes } = gated();
    const failing: EffectExecutor = async ({ nodeId }) => {
      if (nodeId !== 'c') return echoOf(nodeId);
      await new Promise((resolve) => setTimeout(resolve, 30));
      setTimeout(gate.resolve, 30);
      throw new Error('the store is away');
    };
    const started = startedEvent(sideBySide, {});
    await expect(drive(failing, { plan: sideBySide, started }, slow)).rejects.toThrow('the store is away');
    // The results of `a` and `b` came before; that of `b` waited.
    expect(writes()).toBe(2);
    expect((await stored()).filter(({ type }) => type === 'NodeFinished')).toHaveLength(2);
  });

  it('refuses to tell other facts than those that are written, and goes on from them when it is driven again', async () => {
    await drive(echo);
    const whole = await stored();
    const other: EffectExecutor = ({ nodeId }) => echoOf(`not ${nodeId}`);
    await expect(drive(other, { history: whole.slice(0, 3) })).rejects.toMatchObject({
      code: 'failed',
      message: 'the run run-1 has other events already than those which were to be written; start it again',
    });
    expect(await stored()).toEqual(whole);
  });

  it('what is written at the end stands in the same transaction as the last events', async () => {
    const outcome = await drive(echo, {
      atEnd: (finished) => ({
        appends: [
          { log: 'ledger', stream: 'x', expected: { any: true }, events: [{ type: 'Concluded', data: { status: finished.status } }] },
        ],
        claims: [{ scope: 's', key: 'k', value: 'v' }],
      }),
    });
    expect(outcome.status).toBe('finished');
    expect(await storage.events.readStream('w', 'x')).toMatchObject([{ type: 'Concluded', data: { status: 'succeeded' } }]);
    expect(await storage.events.readClaim('w', 's', 'k')).toBe('v');
  });
});
