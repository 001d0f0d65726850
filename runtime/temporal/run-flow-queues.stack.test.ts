import { describe, expect, it } from 'vitest';
import { providerQueue } from '../../workflows/core.ts';
import { connectRunClient, workflowIdOf } from './client.ts';
import type { RunActivityDeps } from './run-activities.ts';
import { historiesOf } from './stack-histories.ts';
import { askRun } from './stack-rig.ts';
import { ownPlace, saveRun, useRunStack } from './stack-runs.contract.ts';

const stack = useRunStack();

describe('a provider with a task queue of its own', () => {
  const limited: RunActivityDeps['limited'] = (providers) =>
    Object.fromEntries(providers.filter((provider) => provider.endsWith('openai')).map((provider) => [provider, 'openai']));

  it('has its calls handed out at its rate, and nothing else', async () => {
    const on = ownPlace();
    const own = await connectRunClient(on);
    const queue = providerQueue(on.taskQueue, 'openai');
    await stack.work({ limited }, { ...on, rateLimited: [{ taskQueue: queue, callsPerSecond: 4 }] });
    try {
      const runs = Array.from({ length: 3 }, (_, i) => askRun({ plan: stack.rig.plans.chain, text: `rate ${i}` }));
      const before = Date.now();
      const results = await Promise.all(
        runs.map(async (args) => {
          await own.start(args);
          return own.result(args);
        }),
      );
      const seconds = (Date.now() - before) / 1000;
      for (const result of results) expect(result).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
      // 15 calls at 4 a second; the server lets some through at once.
      expect(seconds).toBeGreaterThan(2.5);
      process.stdout.write(`15 calls at 4 a second: ${seconds.toFixed(1)} s\n`);
      const [first] = runs;
      if (first === undefined) throw new Error('there are runs');
      const [history] = await historiesOf(workflowIdOf(first));
      const scheduled = (history?.events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      expect(scheduled.map(({ taskQueue }) => taskQueue?.name)).toEqual(Array.from({ length: 5 }, () => queue));
      expect(scheduled.map(({ priority }) => priority?.priorityKey)).toEqual([3, 3, 3, 3, 3]);
      await saveRun('provider-queue', first);
    } finally {
      await own.close();
    }
  });
});
