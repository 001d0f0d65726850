import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallLimiter } from '../../activities/index.ts';
import type { Plan } from '../../flow/index.ts';
import { NO_USAGE, PLAN_VERSION, RiskflowError, type Fence, type RunEvent, type Storage } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import type { FactsToAppend, RunActivities } from '../../workflows/index.ts';
import { createRunActivities, type RunActivityDeps } from './run-activities.ts';

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
const event = (n: number, text = ''): RunEvent => ({
  type: 'EffectDiscarded',
  data: { nodeId: text, path: [], visit: 1, effectId: `e${n}`, usage: NO_USAGE, at: n },
});
const run = { workspaceId: 'w', runId: 'r1' };

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
    const deps: RunActivityDeps = {
      storage,
      loadPlan,
      stopReason,
      calls: createCallLimiter(8),
      effects: () => () => Promise.reject(new Error('not asked here')),
      now: () => now,
    };
    activities = createRunActivities(deps);
  });
  afterEach(async () => {
    await storage.close();
    await rm(folder, { recursive: true, force: true });
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
