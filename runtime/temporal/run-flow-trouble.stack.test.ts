import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Storage } from '../../schemas/index.ts';
import { connectRunClient, workflowIdOf } from './client.ts';
import type { RunActivityDeps } from './run-activities.ts';
import { withTemporal } from './stack-histories.ts';
import { askRun, driveEmbedded, EMBEDDED, TEMPORAL, timeless } from './stack-rig.ts';
import { ownPlace, saveRun, sorted, typesOf, until, useRunStack } from './stack-runs.contract.ts';
import type { StackWorkerOptions } from './stack-worker.ts';

const stack = useRunStack();

describe('trouble', () => {
  it('of the storage as an effect begins keeps nobody from showing that it lives: nothing is performed twice', async () => {
    stack.endpoint.answer = (node) => ({ text: node, afterMs: 500 });
    let back: number | undefined;
    const write: Storage['events']['write'] = async (unit) => {
      back ??= Date.now() + 13_000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, (back ?? 0) - Date.now())));
      return stack.rig.storage.events.write(unit);
    };
    await stack.work({ storage: { ...stack.rig.storage, events: { ...stack.rig.storage.events, write } } });
    expect(await stack.drive(askRun({ plan: stack.rig.plans.chain, text: 'away for long' }))).toMatchObject({
      data: { status: 'succeeded' },
    });
    expect(stack.endpoint.asked).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
  }, 60_000);

  it('of the storage is waited out', async () => {
    let failures = 3;
    const write: Storage['events']['write'] = (unit) =>
      failures-- > 0 ? Promise.reject(new Error('the disk is away')) : stack.rig.storage.events.write(unit);
    await stack.work({ storage: { ...stack.rig.storage, events: { ...stack.rig.storage.events, write } } });
    const args = askRun({ plan: stack.rig.plans.rules, text: 'patience' });
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(failures).toBe(-1);
    expect(typesOf(await stack.eventsOf(TEMPORAL, args)).at(-1)).toBe('RunFinished');
  });

  it('that no retry mends is told in one sentence', async () => {
    await stack.work();
    const args = { ...askRun({ plan: stack.rig.plans.rules, text: 'x' }), flowVersion: 'none' };
    const before = Date.now();
    await expect(stack.drive(args)).rejects.toMatchObject({
      name: 'RiskflowError',
      code: 'not_found',
      message: `run ${args.runId} could not be driven to an end: there is no flow version none`,
    });
    expect(Date.now() - before).toBeLessThan(5_000);
    await expect(stack.client.result({ ...args, runId: 'never asked for' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of an address is told in one sentence', async () => {
    await expect(connectRunClient({ ...stack.place, address: '127.0.0.1:1' })).rejects.toMatchObject({
      name: 'RiskflowError',
      code: 'failed',
      message: expect.stringContaining('no Temporal server answers at 127.0.0.1:1'),
    });
  });

  it('of a worker that is stopped in the middle is none: another performs what it had in flight', async () => {
    stack.endpoint.answer = (_, nth) => (nth === 1 ? 'hang' : { text: 'second try' });
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'handed on' });
    const first = await stack.work();
    await stack.client.start(args);
    await until(() => stack.endpoint.asked.length === 3, 'three calls in flight');
    stack.endpoint.answer = () => ({ text: 'spam' });
    await first.stop();
    await stack.work();
    expect(await stack.client.result(args)).toMatchObject({
      status: 'finished',
      data: { status: 'succeeded', outputs: { label: 'spam' } },
    });
    expect(stack.endpoint.asked.toSorted()).toEqual(['doubtful', 'doubtful', 'judge', 'quick', 'quick', 'slow', 'slow']);
  });

  it('kill -9 of a worker, after it wrote the end and before it told anyone, and then a stop: the run ended as its events say', async () => {
    const on = ownPlace();
    const own = await connectRunClient(on);
    const dying = startStackWorker({ ...on, ...stack.rigPlace, works: true, diesAtEnd: true });
    try {
      const args = askRun({ plan: stack.rig.plans.chain, text: 'killed at the end' });
      await own.start(args);
      await until(() => dying.signalCode === 'SIGKILL', 'the worker is dead', 30_000);
      const events = await stack.eventsOf(TEMPORAL, args);
      expect(events.at(-1)).toMatchObject({ type: 'RunFinished', data: { status: 'succeeded' } });
      expect(await own.stop(args, 'too late')).toBe('requested');
      await stack.work({}, on);
      expect(await own.result(args)).toEqual({ status: 'finished', data: events.at(-1)?.data });
      expect(await stack.eventsOf(TEMPORAL, args)).toEqual(events);
      expect((await stack.rig.storage.events.runStatus(TEMPORAL, args.runId))?.status).toBe('succeeded');
      expect(stack.endpoint.asked).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
    } finally {
      dying.kill('SIGKILL');
      await own.close();
    }
  }, 60_000);

  it('kill -9 of a worker, after it stored a result and before it told anyone: another finishes, no effect is performed twice', async () => {
    const on = ownPlace();
    const own = await connectRunClient(on);
    stack.endpoint.answer = (node) => ({ text: node, afterMs: 30 });
    const killed = startStackWorker({ ...on, ...stack.rigPlace });
    try {
      const lines = linesOf(killed);
      const args = askRun({ plan: stack.rig.plans.opinion, text: 'killed in the middle' });
      await own.start(args);
      await until(() => lines.filter((line) => line.startsWith('stored ')).length === 3, 'three results are stored', 30_000);
      killed.kill('SIGKILL');
      await until(() => killed.signalCode === 'SIGKILL', 'the worker is dead');
      expect(typesOf(await stack.eventsOf(TEMPORAL, args))).not.toContain('RunFinished');
      const before = Date.now();
      await stack.work({}, on);
      expect(await own.result(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { label: 'judge' } } });
      process.stdout.write(`kill to the end of the run: ${Date.now() - before} ms\n`);
      expect(stack.endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'slow']);
      await driveEmbedded(stack.rig, { workspaceId: EMBEDDED, plan: stack.rig.plans.opinion, args });
      const events = timeless(await stack.eventsOf(TEMPORAL, args));
      // The three answers stood in storage at the same time, so their order is not that of the undisturbed run.
      expect(sorted(events)).toEqual(sorted(timeless(await stack.eventsOf(EMBEDDED, args))));
    } finally {
      killed.kill('SIGKILL');
      await own.close();
    }
  }, 60_000);
});

describe('a poisoned run', () => {
  it('shows as retrying, lets others pass, and fails with a clear error after so many attempts', async () => {
    const poisoned = askRun({ plan: stack.rig.plans.chain, text: 'poison' });
    let tried = 0;
    const effects: RunActivityDeps['effects'] = (workspaceId) => {
      const perform = stack.rig.deps.effects(workspaceId);
      return (effect, options) => {
        if (effect.runId !== poisoned.runId || effect.nodeId !== 'third') return perform(effect, options);
        tried++;
        return Promise.reject(new Error('the sandbox cannot be reached'));
      };
    };
    await stack.work({ effects, effectAttempts: 5 });
    await stack.client.start(poisoned);
    await until(() => tried >= 2, 'it is tried again');
    const pending = await withTemporal(
      async ({ workflow }) => (await workflow.getHandle(workflowIdOf(poisoned)).describe()).raw.pendingActivities?.[0],
    );
    expect(pending?.attempt).toBeGreaterThanOrEqual(2);
    expect(pending?.lastFailure?.message).toBe('the sandbox cannot be reached');
    const others = await Promise.all(
      Array.from({ length: 10 }, (_, i) => stack.drive(askRun({ plan: stack.rig.plans.cascade, text: `hello ${i}` }))),
    );
    for (const other of others) expect(other).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    const error = 'node "Third step" could not be performed: the sandbox cannot be reached (tried 5 times, limit temporal.effectAttempts)';
    expect(await stack.client.result(poisoned)).toMatchObject({ status: 'finished', data: { status: 'failed', error } });
    expect(tried).toBe(5);
    const events = await stack.eventsOf(TEMPORAL, poisoned);
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', data: { status: 'failed', error } });
    expect((await stack.rig.storage.events.runStatus(TEMPORAL, poisoned.runId))?.status).toBe('failed');
    await saveRun('poisoned', poisoned);
  });
});

function startStackWorker(options: StackWorkerOptions): ChildProcess {
  const script = fileURLToPath(new URL('./stack-worker.ts', import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function linesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
  return lines;
}
