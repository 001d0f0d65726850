import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { noopMetricMeter, type Logger } from '@temporalio/common';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PART_COUNT } from '../../schemas/index.ts';
import { readSource } from '../streams/intake/read-source.ts';
import { llmFlow } from '../streams/source-rig.ts';
import { watchSource } from '../streams/source-watch.ts';
import { openStreamRig, type StreamRig } from '../streams/stream-rig.ts';
import { createSourceActivities } from './source-activities.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const none = (): void => undefined;
const logger: Logger = { log: none, trace: none, debug: none, info: none, warn: none, error: none };
const info = { activityId: '1', activityType: 'decidePart', attempt: 1 } as Info;

/** Does something as the worker does it that has this activity. */
function asActivity<T>(work: () => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  return asyncLocalStorage.run(new Context(info, new Promise<never>(none), signal, none, undefined, logger, noopMetricMeter, {}), work);
}

it(
  'a worker without the key of a model leaves the records to others, and says why, instead of failing each',
  { timeout: 30_000 },
  async () => {
    await rig.create({
      flow: rig.write('asking.yml', llmFlow()),
      more: { decide: { fallback: { mode: 'closed' } } },
    });
    rig.append({ id: '1', who: 'a', text: 'an offer' });
    const { signal } = new AbortController();
    await readSource(rig.context, {
      watch: await watchSource(rig.context, 's'),
      inputs: {},
      signal,
      onNotice: none,
      untilCaughtUp: true,
    });
    const lacking = {
      ...rig.context,
      models: () => ({
        resolve: () => Promise.resolve({ kind: 'none', code: 'missing_key', message: 'no key', hint: 'set one' } as const),
      }),
    };
    const activities = createSourceActivities(lacking);
    const turns = await asActivity(() =>
      Promise.all(Array.from({ length: PART_COUNT }, (_, part) => activities.decidePart({ workspaceId: 'default', sourceId: 's', part }))),
    );
    for (const turn of turns)
      expect(turn).toEqual({
        decided: 0,
        failed: 0,
        superseded: 0,
        held: 'its flows cannot be asked here: node "first" of flow "asking": no key',
        isOver: false,
      });
    expect(await rig.decisions()).toEqual([]);
    expect(await rig.status()).toMatchObject({ pending: 1 });
  },
);
