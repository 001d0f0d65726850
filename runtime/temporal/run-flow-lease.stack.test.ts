import { describe, expect, it } from 'vitest';
import type { Storage } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { workflowIdOf } from './client.ts';
import { historiesOf } from './stack-histories.ts';
import { askRun, driveEmbedded, TEMPORAL, type Rig } from './stack-rig.ts';
import { typesOf, until, useRunStack } from './stack-runs.contract.ts';

const stack = useRunStack();

describe('the lease of a run', () => {
  const other = { owner: 'somebody else', host: 'elsewhere', boot: 'b', pid: 7 };
  const take = (args: RunFlowArgs, times: { readonly now: number; readonly ttlMs: number }) =>
    stack.rig.storage.leases.take(TEMPORAL, `run/${args.runId}`, other, { ...times, isDead: () => false });

  it('is waited for while another owner is alive', async () => {
    await stack.work();
    const args = askRun({ plan: stack.rig.plans.rules, text: 'wait' });
    const until = Date.now() + 1_500;
    expect((await take(args, { now: Date.now(), ttlMs: 1_500 })).status).toBe('taken');
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
  });

  it('is waited for by as many executions as it takes, and a stop that comes meanwhile reaches the last', async () => {
    await stack.work();
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'wait long', historyLimit: 12 });
    const holder = { ...other, owner: 'somebody busy' };
    const held = await stack.rig.storage.leases.take(TEMPORAL, `run/${args.runId}`, holder, {
      now: Date.now(),
      ttlMs: 400,
      isDead: () => false,
    });
    if (held.status !== 'taken') throw new Error('the lease is free');
    const renewing = setInterval(() => {
      void stack.rig.storage.leases.renew(TEMPORAL, held.fence, { now: Date.now(), ttlMs: 400 });
    }, 100);
    try {
      await stack.client.start(args);
      await stack.client.stop(args, 'not needed any more');
      await until(async () => (await historiesOf(workflowIdOf(args))).length >= 2, 'another execution waits');
    } finally {
      clearInterval(renewing);
    }
    expect(await stack.client.result(args)).toMatchObject({ data: { status: 'stopped', error: 'not needed any more', totalSteps: 0 } });
    expect(stack.endpoint.asked).toEqual([]);
  });

  it('that was lost ends the workflow, which writes nothing more', async () => {
    await stack.work();
    stack.endpoint.answer = () => ({ text: 'late', afterMs: 800 });
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'lost' });
    await stack.client.start(args);
    await until(() => stack.endpoint.asked.length === 3, 'three calls in flight');
    await until(async () => (await stack.eventsOf(TEMPORAL, args)).length === 5, 'the first facts are written');
    expect((await take(args, { now: Date.now() + 60_000, ttlMs: 10_000 })).status).toBe('taken');
    expect(await stack.client.result(args)).toEqual({ status: 'taken-over' });
    expect(await stack.eventsOf(TEMPORAL, args)).toHaveLength(5);
  });

  it('free again, lets the workflow go on from the events of an embedded run', async () => {
    stack.endpoint.answer = (node) =>
      node === 'judge' ? 'hang' : { text: node, afterMs: node === 'slow' ? 400 : node === 'quick' ? 50 : 200 };
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'hand over' });
    const away = new AbortController();
    const left = driveEmbedded(stack.rig, { workspaceId: TEMPORAL, plan: stack.rig.plans.opinion, args, signal: away.signal });
    await until(() => stack.endpoint.asked.includes('judge'), 'the judge is asked');
    await until(
      async () => (await stack.eventsOf(TEMPORAL, args)).some((event) => event.type === 'NodeStarted' && event.data.nodeId === 'judge'),
      'the facts are written',
    );
    away.abort(new Error('this process goes'));
    await expect(left).rejects.toThrow('this process goes');
    const before = await stack.eventsOf(TEMPORAL, args);
    stack.endpoint.answer = () => ({ text: 'SPAM' });
    await stack.work();
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { label: 'spam' } } });
    const after = await stack.eventsOf(TEMPORAL, args);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(stack.endpoint.asked).toEqual(['slow', 'quick', 'doubtful', 'judge', 'judge']);
  });

  it('taken from an owner that was killed before it wrote what it was answered: nothing is asked again', async () => {
    const args = askRun({ plan: stack.rig.plans.chain, text: 'answers without facts' });
    let commits = 0;
    const write: Storage['events']['write'] = (unit) =>
      commits++ === 0 ? stack.rig.storage.events.write(unit) : Promise.reject(new Error('killed'));
    const dying: Rig = { ...stack.rig, storage: { ...stack.rig.storage, events: { ...stack.rig.storage.events, write } } };
    await expect(driveEmbedded(dying, { workspaceId: TEMPORAL, plan: stack.rig.plans.chain, args })).rejects.toThrow('killed');
    const asked = stack.endpoint.asked.length;
    expect(asked).toBeGreaterThan(0);
    await stack.work();
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(stack.endpoint.asked.toSorted()).toEqual(['fifth', 'first', 'fourth', 'second', 'third']);
  });

  it('of a run that is over leaves nothing to do', async () => {
    const args = askRun({ plan: stack.rig.plans.rules, text: 'done already' });
    const embedded = await driveEmbedded(stack.rig, { workspaceId: TEMPORAL, plan: stack.rig.plans.rules, args });
    const before = await stack.eventsOf(TEMPORAL, args);
    await stack.work();
    expect(embedded).toMatchObject({ status: 'finished' });
    expect(await stack.drive(args)).toEqual({ status: 'finished', data: before.at(-1)?.data });
    expect(await stack.eventsOf(TEMPORAL, args)).toEqual(before);
  });
});

describe('a run that its last owner left in a wait', () => {
  it('goes on from its events, and says so', async () => {
    stack.endpoint.answer = (node, nth) => (node === 'second' && nth === 1 ? { status: 500 } : { text: node });
    const args = askRun({ plan: stack.rig.plans.chain, text: 'paused' });
    const away = new AbortController();
    const left = driveEmbedded(stack.rig, { workspaceId: TEMPORAL, plan: stack.rig.plans.chain, args, signal: away.signal });
    await until(async () => typesOf(await stack.eventsOf(TEMPORAL, args)).includes('NodeRetried'), 'the second step is to be tried again');
    away.abort(new Error('leaves'));
    await expect(left).rejects.toThrow('leaves');
    const before = await stack.eventsOf(TEMPORAL, args);
    const at = Date.now();
    await stack.rig.storage.events.write({
      workspaceId: TEMPORAL,
      actor: 'tester',
      appends: [
        {
          log: 'runs-0',
          stream: `run/${args.runId}`,
          events: [{ type: 'RunPaused', data: { reason: 'waits', until: at + 2_000, at } }],
          expected: { version: before.length },
        },
      ],
    });
    await stack.work();
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { answer: 'fifth' } } });
    const after = await stack.eventsOf(TEMPORAL, args);
    expect(typesOf(after.slice(before.length, before.length + 2))).toEqual(['RunPaused', 'RunResumed']);
    // The wait was not cut short.
    const retried = before.find((event) => event.type === 'NodeRetried');
    const second = after.find((event) => event.type === 'NodeFinished' && event.data.nodeId === 'second');
    expect((second?.data.at ?? 0) - (retried?.data.at ?? 0)).toBeGreaterThanOrEqual(2_190);
    expect(stack.endpoint.asked).toEqual(['first', 'second', 'second', 'third', 'fourth', 'fifth']);
  });
});
