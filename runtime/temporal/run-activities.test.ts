import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, CancelledFailure, Context, type Info } from '@temporalio/activity';
import { noopMetricMeter, type Logger } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallLimiter } from '../../activities/index.ts';
import type { Plan } from '../../flow/index.ts';
import {
  NO_USAGE,
  PLAN_VERSION,
  RiskflowError,
  type Effect,
  type EffectResult,
  type Fence,
  type RunEvent,
  type Storage,
} from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import type { EffectToPerform, FactsToAppend, RunActivities } from '../../workflows/index.ts';
import { createRunActivities, type RunActivityDeps } from './run-activities.ts';

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
const event = (n: number, text = ''): RunEvent => ({
  type: 'EffectDiscarded',
  data: { nodeId: text, path: [], visit: 1, effectId: `e${n}`, usage: NO_USAGE, at: n },
});
const run = { workspaceId: 'w', runId: 'r1' };

/** What the server says about an activity: its first attempt. */
const info: Info = {
  taskToken: new Uint8Array(),
  base64TaskToken: '',
  activityId: '1',
  activityType: 'performEffect',
  activityNamespace: 'default',
  attempt: 1,
  isLocal: false,
  scheduledTimestampMs: 0,
  scheduleToCloseTimeoutMs: 0,
  startToCloseTimeoutMs: 0,
  currentAttemptScheduledTimestampMs: 0,
  heartbeatDetails: undefined,
  taskQueue: 'q',
  namespace: 'default',
  inWorkflow: true,
};
const none = (): void => undefined;
const quiet: Logger = { log: none, trace: none, debug: none, info: none, warn: none, error: none };

describe('the activities of a run', () => {
  let folder: string;
  let storage: Storage;
  let now: number;
  const loadPlan = vi.fn<RunActivityDeps['loadPlan']>();
  const stopReason = vi.fn<RunActivityDeps['stopReason']>();
  let activities: RunActivities;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'riskflow-activities-'));
    storage = await openSqliteStorage({ folder });
    now = 1_000_000;
    loadPlan.mockResolvedValue(plan);
    stopReason.mockResolvedValue(undefined);
    activities = createRunActivities(deps());
  });
  afterEach(async () => {
    await storage.close();
    await rm(folder, { recursive: true, force: true });
  });

  const deps = (): RunActivityDeps => ({
    storage,
    loadPlan,
    stopReason,
    calls: createCallLimiter(8),
    effects: () => () => Promise.reject(new Error('not asked here')),
    now: () => now,
  });
  const takeAs = async (owner: string): Promise<Fence> => {
    const taken = await activities.takeRun({ ...run, owner });
    if (taken.status !== 'taken') throw new Error(`held by ${taken.by}`);
    return taken.fence;
  };
  const facts = (fence: Fence, from: number, events: readonly RunEvent[], change: Partial<FactsToAppend> = {}): FactsToAppend => ({
    ...run,
    fence,
    actor: 'tester',
    flow: 'f',
    flowVersion: 'v',
    mode: 'manual',
    from,
    events,
    status: 'running',
    renew: false,
    ...change,
  });
  const leaseEnd = async (): Promise<number | undefined> => (await storage.leases.read('w', 'run/r1'))?.until;

  it('taking a run twice for the same owner gives the same fence, also when the lease has lapsed meanwhile', async () => {
    const first = await takeAs('temporal/1');
    expect(await takeAs('temporal/1')).toEqual(first);
    await expect(activities.takeRun({ ...run, owner: 'temporal/2' })).resolves.toMatchObject({ status: 'held', waitMs: 10_100 });
    now += 10_001;
    expect((await takeAs('temporal/2')).fence).toBe(first.fence + 1);
  });

  it('appending twice writes once, and a lapsed lease that nobody took is still good', async () => {
    const fence = await takeAs('temporal/1');
    now += 60_000;
    expect(await activities.appendFacts(facts(fence, 1, [event(1), event(2)]))).toEqual({ status: 'written', stop: null });
    expect(await activities.appendFacts(facts(fence, 1, [event(1), event(2)]))).toEqual({ status: 'written', stop: null });
    expect(await activities.appendFacts(facts(fence, 3, [event(3)], { status: 'succeeded' }))).toEqual({ status: 'written', stop: null });
    expect(await activities.readHistory({ ...run, after: 0 })).toEqual({ events: [event(1), event(2), event(3)], more: false });
    expect(await storage.events.runStatus('w', 'r1')).toMatchObject({ status: 'succeeded', resource: 'run/r1' });
  });

  it('an append of an owner that lost the run is refused, and changes nothing', async () => {
    const fence = await takeAs('temporal/1');
    await activities.appendFacts(facts(fence, 1, [event(1)]));
    now += 10_001;
    await takeAs('temporal/2');
    expect(await activities.appendFacts(facts(fence, 2, [event(2)]))).toEqual({ status: 'taken-over' });
    expect((await activities.readHistory({ ...run, after: 0 })).events).toEqual([event(1)]);
  });

  it('an append renews the lease when asked, and tells of a stop that was noted, until the run is over', async () => {
    const fence = await takeAs('temporal/1');
    stopReason.mockResolvedValue('enough');
    now += 4_000;
    expect(await activities.appendFacts(facts(fence, 1, [event(1)]))).toEqual({ status: 'written', stop: null });
    expect(await leaseEnd()).toBe(1_010_000);
    expect(await activities.appendFacts(facts(fence, 2, [event(2)], { renew: true }))).toEqual({ status: 'written', stop: 'enough' });
    expect(await leaseEnd()).toBe(1_014_000);
    expect(await activities.appendFacts(facts(fence, 3, [event(3)], { status: 'stopped' }))).toEqual({ status: 'written', stop: null });
    expect(stopReason).toHaveBeenCalledWith('w', 'r1');
  });

  it('an append of other events than those that are written is refused, and their times make none of them another', async () => {
    const fence = await takeAs('temporal/1');
    const later = (fact: RunEvent): RunEvent => ({ ...fact, data: { ...fact.data, at: fact.data.at + 7 } }) as RunEvent;
    await activities.appendFacts(facts(fence, 1, [event(1), event(2)]));
    const fine = { status: 'written', stop: null };
    expect(await activities.appendFacts(facts(fence, 2, [later(event(2)), event(3)]))).toEqual(fine);
    expect(await activities.appendFacts(facts(fence, 3, [event(4)], { status: 'stopped' }))).toEqual({ status: 'differs' });
    expect(await activities.readHistory({ ...run, after: 0 })).toEqual({ events: [event(1), event(2), event(3)], more: false });
    expect(await storage.events.runStatus('w', 'r1')).toMatchObject({ status: 'running' });
  });

  describe('performing an effect whose facts are due', () => {
    const stored: EffectResult = { status: 'succeeded', outputs: { text: 'stored' }, usage: NO_USAGE, elapsedMs: 1, reused: false };
    const effect: Effect = {
      effectId: 'e#1',
      runId: 'r1',
      flowVersion: 'v1',
      nodeId: 'n',
      nodeType: 'llm',
      title: 'n',
      attempt: 1,
      delayMs: 0,
      secrets: [],
      contentKey: null,
      request: { kind: 'pinned', pin: { outputs: {} } },
    };
    /** Performs the effect; `meanwhile` happens while its facts are written. */
    const perform = async (meanwhile: (cancel: () => void) => Promise<void>, events: readonly RunEvent[] = [event(1)]) => {
      const fence = await takeAs('temporal/1');
      const cancelling = new AbortController();
      const beats = vi.fn();
      const performed = vi.fn(() => Promise.resolve({ ...stored, outputs: { text: 'performed' } }));
      const context = new Context(info, new Promise(() => undefined), cancelling.signal, beats, undefined, quiet, noopMetricMeter, {});
      const write: Storage['events']['write'] = async (unit) => {
        await meanwhile(() => cancelling.abort(new CancelledFailure('not wanted any more')));
        return storage.events.write(unit);
      };
      const writing = createRunActivities({
        ...deps(),
        storage: { ...storage, events: { ...storage.events, write } },
        effects: () => performed,
      });
      const asked: EffectToPerform = { workspaceId: 'w', fence, effect, fresh: true, facts: { ...facts(fence, 1, events), due: true } };
      const answer = await asyncLocalStorage.run(context, () => writing.performEffect(asked)).catch((error: unknown) => error);
      return { answer, performed, beats };
    };
    const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

    it('gives signs of life while they are written', async () => {
      const { answer, beats, performed } = await perform(() => wait(1_300));
      expect(answer).toMatchObject({ status: 'performed', result: { outputs: { text: 'performed' } }, written: true });
      expect(beats).toHaveBeenCalled();
      expect(performed).toHaveBeenCalledTimes(1);
    });

    it('looks for a stored result once the writing took long', async () => {
      const { answer, performed } = await perform(async () => {
        now += 6_000;
        await storage.effects.put('w', { runId: 'r1', effectId: 'e#1', result: stored });
      });
      expect(answer).toEqual({ status: 'performed', result: stored, written: true });
      expect(performed).not.toHaveBeenCalled();
    });

    it('does not perform what is not wanted any more', async () => {
      const { answer, performed } = await perform((cancel) => Promise.resolve(cancel()));
      expect(answer).toBeInstanceOf(CancelledFailure);
      expect(performed).not.toHaveBeenCalled();
    });

    it('does not perform what another course of the run asked for', async () => {
      await activities.appendFacts(facts(await takeAs('temporal/1'), 1, [event(9)]));
      const { answer, performed } = await perform(() => Promise.resolve());
      expect(answer).toEqual({ status: 'differs' });
      expect(performed).not.toHaveBeenCalled();
    });
  });

  it('a gap in the numbers is a broken contract, which is not tried again', async () => {
    const fence = await takeAs('temporal/1');
    await expect(activities.appendFacts(facts(fence, 5, [event(5)]))).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'internal',
      nonRetryable: true,
    });
  });

  it('reads a long history in pages that fit into a payload, each of one event at least', async () => {
    const fence = await takeAs('temporal/1');
    const events = [
      event(1, 'x'.repeat(500_000)),
      ...Array.from({ length: 450 }, (_, i) => event(i + 2)),
      event(452, 'y'.repeat(399_950)),
      event(453),
    ];
    await activities.appendFacts(facts(fence, 1, events));
    const read: RunEvent[] = [];
    const sizes: number[] = [];
    for (let more = true; more;) {
      const page = await activities.readHistory({ ...run, after: read.length });
      read.push(...page.events);
      sizes.push(page.events.length);
      more = page.more;
      expect(page.events.length === 1 || JSON.stringify(page.events).length < 450_000).toBe(true);
    }
    expect(read).toEqual(events);
    expect(sizes[0]).toBe(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
    await expect(activities.takeRun({ ...run, owner: 'temporal/1' })).resolves.toMatchObject({
      history: { events: [{ data: { effectId: 'e1' } }], more: true },
    });
  });

  it('asks for a plan once, but again after a failure, and takes nothing without one', async () => {
    loadPlan.mockRejectedValueOnce(new RiskflowError('not_found', 'there is no flow version v'));
    const open = { ...run, flowVersion: 'v', planVersion: 1, modelMap: {}, owner: 'temporal/1' };
    await expect(activities.openRun(open)).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'not_found',
      nonRetryable: true,
      message: 'there is no flow version v',
    });
    expect(await leaseEnd()).toBeUndefined();
    const opened = await activities.openRun(open);
    expect(opened.loaded).toEqual({ plan, limited: {}, effectAttempts: 60 });
    expect(opened.taken).toMatchObject({
      status: 'taken',
      fence: { owner: 'temporal/1' },
      history: { events: [], more: false },
      stop: null,
    });
    expect(await activities.openRun(open)).toEqual(opened);
    expect(loadPlan).toHaveBeenCalledTimes(2);
    expect(loadPlan).toHaveBeenLastCalledWith({ workspaceId: 'w', flowVersion: 'v', planVersion: 1 });
    loadPlan.mockRejectedValueOnce(new Error('the disk is away'));
    await expect(activities.openRun({ ...open, planVersion: 2 })).rejects.toThrow(/^the disk is away$/);
  });

  it('keeps workspaces apart', async () => {
    await takeAs('temporal/1');
    await expect(activities.takeRun({ workspaceId: 'other', runId: 'r1', owner: 'temporal/2' })).resolves.toMatchObject({
      status: 'taken',
      history: { events: [] },
    });
  });
});
