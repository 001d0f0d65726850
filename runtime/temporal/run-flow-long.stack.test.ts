import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { workflowIdOf } from './client.ts';
import type { Answer } from './stack-endpoint.ts';
import { historiesOf, startOf } from './stack-histories.ts';
import { askRun, driveEmbedded, EMBEDDED, TEMPORAL, timeless } from './stack-rig.ts';
import { opinions, saveRun, sorted, typesOf, until, useRunStack } from './stack-runs.contract.ts';

const stack = useRunStack();

describe('a run whose history becomes long', () => {
  /** The second step fails once, and is tried again after a wait for which the workflow has a timer. */
  const answers = (node: string, nth: number): Answer => (node === 'second' && nth === 1 ? { status: 500 } : { text: `${node} ${nth}` });

  it('continues as new: same events, same outputs, the time limit not begun anew', async () => {
    await stack.work();
    stack.endpoint.answer = answers;
    const args = askRun({ plan: stack.rig.plans.chain, text: 'long', historyLimit: 14 });
    const events = await stack.expectSameEvents(args, stack.rig.plans.chain);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { answer: 'fifth 1' } });
    const histories = await historiesOf(workflowIdOf(args));
    expect(histories.length).toBeGreaterThanOrEqual(3);
    const limits = histories
      .slice(1)
      .map((history) => JSON.parse(Buffer.from(startOf(history)?.input?.payloads?.[0]?.data ?? []).toString('utf8')) as RunFlowArgs);
    expect(new Set(limits.map(({ limitFrom }) => limitFrom)).size).toBe(1);
    expect(limits[0]?.limitFrom).toBeLessThan(Date.now());
    await saveRun('continued', args);
  });

  it('with effects side by side drains them first: the same events but for their order', async () => {
    await stack.work();
    stack.endpoint.answer = opinions;
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'long and wide', historyLimit: 12 });
    expect(await stack.drive(args)).toMatchObject({
      status: 'finished',
      data: { status: 'partial-succeeded', outputs: { label: 'scam' } },
    });
    expect(stack.endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'quick', 'slow']);
    stack.endpoint.asked.length = 0;
    await driveEmbedded(stack.rig, { workspaceId: EMBEDDED, plan: stack.rig.plans.opinion, args });
    const withoutOrder = (events: readonly RunEvent[]) =>
      sorted(timeless(events).map((event) => ({ ...(event as object), data: { ...(event as RunEvent).data, index: 0 } })));
    expect(withoutOrder(await stack.eventsOf(TEMPORAL, args))).toEqual(withoutOrder(await stack.eventsOf(EMBEDDED, args)));
    expect((await historiesOf(workflowIdOf(args))).length).toBeGreaterThanOrEqual(2);
  });

  it('hears of a stop while it waits for the next execution', async () => {
    await stack.work();
    stack.endpoint.answer = (node) => (node === 'quick' ? { text: 'quick' } : 'hang');
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'stop', historyLimit: 6 });
    await stack.client.start(args);
    await until(
      async () => typesOf(await stack.eventsOf(TEMPORAL, args)).filter((type) => type === 'NodeFinished').length === 2,
      'one answer is there',
    );
    const before = Date.now();
    await stack.client.stop(args, 'enough');
    expect(await stack.client.result(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it('stops at its time limit in a later execution', async () => {
    await stack.work();
    stack.endpoint.answer = (node) => (node === 'fifth' ? 'hang' : { text: node, afterMs: 300 });
    const args = askRun({ plan: stack.rig.plans.chain, text: 'late', historyLimit: 8, timeoutMs: 3_000 });
    const before = Date.now();
    expect(await stack.drive(args)).toMatchObject({
      data: { status: 'stopped', error: 'the run took longer than 3000 ms (limit runTimeoutMs)' },
    });
    expect(Date.now() - before).toBeLessThan(7_000);
    expect((await historiesOf(workflowIdOf(args))).length).toBeGreaterThanOrEqual(3);
  });
});
