import { describe, expect, it } from 'vitest';
import { workflowIdOf } from './client.ts';
import { withTemporal } from './stack-histories.ts';
import { askRun } from './stack-rig.ts';
import { opinions, saveRun, typesOf, until, useRunStack } from './stack-runs.contract.ts';

const stack = useRunStack();

describe('a run on a Temporal server', () => {
  it.each([
    ['Your parcel is waiting, pay the customs fee of 1.99 at http://post.example', 'en'],
    ['恭喜中奖，请提供验证码领取', 'zh'],
    ['see you at eight', 'en'],
    ['', 'empty'],
  ])('has the events of the embedded host: rules, %s', async (text, name) => {
    await stack.work();
    const args = askRun({ plan: stack.rig.plans.rules, text: text === '' ? ' ' : text });
    const events = await stack.expectSameEvents(args, stack.rig.plans.rules);
    expect(events.every(({ type }) => type !== 'NodeStarted')).toBe(true);
    if (name === 'en') await saveRun('rules-only', args);
  });

  it('has the events of the embedded host: rules first, then a classifier', async () => {
    await stack.work();
    const args = askRun({ plan: stack.rig.plans.cascade, text: 'see you at eight, bring the cards' });
    const events = await stack.expectSameEvents(args, stack.rig.plans.cascade);
    expect(typesOf(events)).toContain('NodeStarted');
    await saveRun('cascade', args);
  });

  it('has the events of the embedded host: a pinned classifier', async () => {
    await stack.work();
    const pins = { 'type:question-classifier': { outputs: { class_id: '2', class_name: 'spam' }, delayMs: 50 } };
    const args = askRun({ plan: stack.rig.plans.cascade, text: 'see you at eight', pins });
    const events = await stack.expectSameEvents(args, stack.rig.plans.cascade);
    const finished = events.find((event) => event.type === 'NodeFinished' && event.data.effectId !== null);
    expect(finished?.data).toMatchObject({ handle: '2', status: 'succeeded' });
  });

  it('has the events of the embedded host: models side by side, a retry, a failure with a default, code', async () => {
    await stack.work();
    stack.endpoint.answer = opinions;
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'Send me the code 🛡' });
    const events = await stack.expectSameEvents(args, stack.rig.plans.opinion);
    expect(typesOf(events).filter((type) => type !== 'NodeFinished')).toEqual([
      'RunStarted',
      'NodeStarted',
      'NodeStarted',
      'NodeStarted',
      'NodeRetried',
      'NodeStarted',
      'NodeStarted',
      'RunFinished',
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'partial-succeeded', outputs: { label: 'scam', share: 7.5 }, exceptionsCount: 1 });
    await saveRun('second-opinion', args);
  });

  it('has the events of the embedded host: a node that fails the run', async () => {
    await stack.work();
    stack.endpoint.answer = (node) =>
      node === 'slow' ? { status: 400, afterMs: 300 } : node === 'judge' ? { text: 'spam' } : { text: node, afterMs: 1_500 };
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'hello' });
    const events = await stack.expectSameEvents(args, stack.rig.plans.opinion);
    expect(events.at(-1)?.data).toMatchObject({ status: 'failed' });
  });
});

describe('a run that is asked for twice', () => {
  it('is one run, under way and when it is over', async () => {
    await stack.work();
    stack.endpoint.answer = (node) => ({ text: node, afterMs: 300 });
    const args = askRun({ plan: stack.rig.plans.opinion, text: 'once' });
    await Promise.all([stack.client.start(args), stack.client.start(args)]);
    const first = await stack.client.result(args);
    await stack.client.start(args);
    expect(await stack.client.result(args)).toEqual(first);
    expect(stack.endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'slow']);
    expect(await stack.client.stop(args, 'too late')).toBe('already-over');
  });
});

describe('what an operator sees of a run under way', () => {
  it('is a table of its nodes, with titles that Markdown does not take for its own and nothing of the contents', async () => {
    await stack.work();
    stack.endpoint.answer = (node) => (node === 'third' ? 'hang' : { text: `secret answer of ${node}` });
    const args = askRun({ plan: stack.rig.plans.chain, text: 'secret input' });
    await stack.client.start(args);
    await until(() => stack.endpoint.asked.includes('third'), 'the third is asked');
    const told = JSON.stringify(
      await withTemporal(({ workflow }) => workflow.getHandle(workflowIdOf(args)).query('__temporal_workflow_metadata')),
    );
    await stack.client.stop(args, 'seen');
    await stack.client.result(args);
    const { currentDetails } = JSON.parse(told) as { readonly currentDetails: string };
    const lines = currentDetails.split('\n');
    expect(lines[0]).toBe('**running** · 4 nodes · 1 under way');
    expect(lines.slice(2, 4)).toEqual(['| node | status | attempts | seconds |', '|---|---|--:|--:|']);
    expect(lines[4]).toMatch(/^\| Third step \| running \| 1 \| since \d\d:\d\d:\d\d UTC \|$/);
    expect(lines[6]).toMatch(/^\| \\\*First\\\* \\\| step \| succeeded \| 1 \| \d+\.\d \|$/);
    expect(told).not.toContain('secret');
  });
});

describe('many runs', () => {
  it('20 at a time all end as they should', async () => {
    await stack.work();
    const texts = Array.from({ length: 100 }, (_, i) => `report number ${i}: win a prize`);
    const before = Date.now();
    let next = 0;
    const results: unknown[] = [];
    const loop = async (): Promise<void> => {
      for (let text = texts[next++]; text !== undefined; text = texts[next++])
        results.push(await stack.drive(askRun({ plan: stack.rig.plans.cascade, text })));
    };
    await Promise.all(Array.from({ length: 20 }, loop));
    const seconds = (Date.now() - before) / 1000;
    expect(results).toHaveLength(100);
    for (const result of results) expect(result).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    process.stdout.write(`100 runs, 20 at a time: ${seconds.toFixed(1)} s, ${(100 / seconds).toFixed(0)} runs/s\n`);
  }, 60_000);
});
