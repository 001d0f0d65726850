import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../../flow/index.ts';
import { PART_COUNT } from '../../../schemas/index.ts';
import { promoteFlow } from '../../commands/sources/rollout.ts';
import { decidePart } from './decide-part.ts';
import type { DoneRecord } from './deciding.ts';
import { decidingTools } from './deciding-tools.ts';
import { readSource } from '../intake/read-source.ts';
import { llmFlow } from '../source-rig.ts';
import { watchSource, type SourceView, type SourceWatch } from '../source-watch.ts';
import { openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

/** A plan whose node `second` is of a kind that acts outside. */
const acting = (plan: Plan): Plan => ({
  ...plan,
  nodes: plan.nodes.map((node) =>
    node.id === 'second'
      ? (JSON.parse(
          JSON.stringify({ ...node, type: 'http-request', title: 'Block', behaviour: { ...node.behaviour, kind: 'http-request' } }),
        ) as typeof node)
      : node,
  ),
});

describe('a shadow whose nodes act outside', () => {
  it('is not asked: that is its decision, and the record is done with the live one', async () => {
    await rig.create();
    await promoteFlow(rig.context, { sourceId: 's', flow: rig.write('asking.yml', llmFlow()), stage: 'shadow', reason: 'test' });
    rig.append({ id: '1', who: 'a', text: 'an offer' }, { id: '2', who: 'b', text: 'hi' });
    const real = await watchSource(rig.context, 's');
    const view = (): SourceView => {
      const found = real.view();
      return { ...found, plans: { ...found.plans, shadow: found.plans.shadow && acting(found.plans.shadow) } };
    };
    const watch: SourceWatch = { view, refresh: () => real.refresh().then(view) };
    const { signal } = new AbortController();
    await readSource(rig.context, { watch: real, inputs: {}, signal, onNotice: () => undefined, untilCaughtUp: true });
    const done: DoneRecord[] = [];
    const deciding = {
      ...decidingTools(rig.context, watch),
      signal,
      follow: () => false,
      onDone: (each: DoneRecord) => void done.push(each),
      onHold: () => undefined,
    };
    for (let part = 0; part < PART_COUNT; part++) await decidePart(rig.context, part, deciding);

    expect(rig.model.calls.size).toBe(0);
    expect(done.map(({ fate }) => fate).toSorted()).toEqual(['decided', 'decided', 'shadow', 'shadow']);
    const [live, shadow] = [await rig.decisions('live'), await rig.decisions('shadow')];
    expect(live.map(({ label }) => label)).toEqual(['spam', 'ham']);
    for (const [i, each] of shadow.entries())
      expect(each).toMatchObject({
        stage: 'shadow',
        status: 'failed',
        action: null,
        reasonCodes: ['acts_outside'],
        error: 'a shadow may change nothing outside, but flow "asking" would at node "Block" (second, http-request)',
        against: { decisionId: live[i]?.decisionId },
      });
    expect(await rig.status()).toMatchObject({ pending: 0, decided: 2, failed: 0 });
  });
});
