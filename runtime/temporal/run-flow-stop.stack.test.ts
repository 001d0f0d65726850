import { describe, expect, it } from 'vitest';
import { workflowIdOf } from './client.ts';
import { withTemporal } from './stack-histories.ts';
import { askRun, STOP_SCOPE, TEMPORAL } from './stack-rig.ts';
import { saveRun, typesOf, until, useRunStack } from './stack-runs.contract.ts';

const stack = useRunStack();

describe('a stop', () => {
  const stopped = ['RunStopRequested', 'RunFinished'];

  it('ends the run within two seconds, and aborts the calls in flight', async () => {
    await stack.work();
    stack.endpoint.answer = () => 'hang';
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'for ever' });
    await stack.client.start(args);
    await until(() => stack.endpoint.asked.length === 3, 'three calls in flight');
    expect(await stack.client.view(args)).toMatchObject({
      status: 'running',
      underWay: [{ nodeId: 'slow' }, { nodeId: 'quick' }, { nodeId: 'doubtful' }],
    });
    const before = Date.now();
    expect(await stack.client.stop(args, 'enough')).toBe('requested');
    const result = await stack.client.result(args);
    const took = Date.now() - before;
    expect(result).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
    expect(took).toBeLessThan(2_000);
    expect(typesOf(await stack.eventsOf(TEMPORAL, args)).slice(-2)).toEqual(stopped);
    expect((await stack.rig.storage.events.runStatus(TEMPORAL, args.runId))?.status).toBe('stopped');
    await until(() => stack.endpoint.abandoned.length === 3, 'the calls are hung up', 5_000);
    process.stdout.write(`stop to stopped: ${took} ms\n`);
    await saveRun('stopped', args);
  });

  it('that was only noted in storage is seen with the next facts', async () => {
    await stack.work();
    stack.endpoint.answer = () => 'hang';
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'noted' });
    await stack.rig.storage.events.write({
      workspaceId: TEMPORAL,
      actor: 'tester',
      claims: [{ scope: STOP_SCOPE, key: args.runId, value: 'noted before' }],
      appends: [],
    });
    expect(await stack.drive(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'noted before' } });
    expect(typesOf(await stack.eventsOf(TEMPORAL, args)).slice(-2)).toEqual(stopped);
  });

  it('that came before the first step starts nothing', async () => {
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'early' });
    await stack.client.start(args);
    await stack.client.stop(args, 'changed my mind');
    await stack.work();
    expect(await stack.client.result(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', totalSteps: 0 } });
    expect(typesOf(await stack.eventsOf(TEMPORAL, args))).toEqual(['RunStarted', ...stopped]);
    expect(stack.endpoint.asked).toEqual([]);
  });

  it('is what cancelling in Temporal means', async () => {
    await stack.work();
    stack.endpoint.answer = () => 'hang';
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'cancel' });
    await stack.client.start(args);
    await until(() => stack.endpoint.asked.length === 3, 'three calls in flight');
    await withTemporal(({ workflow }) => workflow.getHandle(workflowIdOf(args)).cancel());
    expect(await stack.client.result(args)).toMatchObject({
      status: 'finished',
      data: { status: 'stopped', error: 'the workflow was cancelled in Temporal' },
    });
  });

  it('comes from the time limit', async () => {
    await stack.work();
    stack.endpoint.answer = () => 'hang';
    const result = await stack.drive(askRun({ plan: stack.rig.plans.opinion, text: 'slow', timeoutMs: 700 }));
    expect(result).toMatchObject({
      status: 'finished',
      data: { status: 'stopped', error: 'the run took longer than 700 ms (limit runTimeoutMs)' },
    });
  });
});
