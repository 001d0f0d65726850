import { describe, expect, it } from 'vitest';
import { importFlow, type Plan } from '../../../flow/index.ts';
import { llmFlow, rulesFlow } from '../source-rig.ts';
import { actingNodes, refuseActing } from './acting-nodes.ts';

function planOf(text: string): Plan {
  const imported = importFlow(text);
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
}

/** A plan whose node `first` is of a kind that this version does not know, as a later one's may be. */
function withUnknownKind(): Plan {
  const plan = planOf(llmFlow());
  const nodes = plan.nodes.map((node) =>
    node.id === 'first' ? { ...node, type: 'http-request', title: 'Block', behaviour: { ...node.behaviour, kind: 'http-request' } } : node,
  );
  return JSON.parse(JSON.stringify({ ...plan, nodes })) as Plan;
}

describe('nodes that act outside', () => {
  it.each([
    ['rules', planOf(rulesFlow())],
    ['models', planOf(llmFlow())],
  ])('are not those of %s', (_, plan) => expect(actingNodes(plan, {})).toEqual([]));

  it('are all of a kind that is not known, unless they are pinned', () => {
    const plan = withUnknownKind();
    expect(actingNodes(plan, {}).map(({ id }) => id)).toEqual(['first']);
    expect(actingNodes(plan, { second: { outputs: {} } }).map(({ id }) => id)).toEqual(['first']);
    expect(actingNodes(plan, { first: { outputs: {} } })).toEqual([]);
    expect(actingNodes(plan, { 'type:http-request': { error: 'no' } })).toEqual([]);
  });

  it('are refused by name, with what helps', () => {
    const refuse = (pins: Parameters<typeof actingNodes>[1]) => () =>
      refuseActing('a backtest', { plan: withUnknownKind(), pins }, ([node]) => `pin ${node?.id ?? ''}`);
    expect(refuse({})).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'a backtest may change nothing outside, but flow "asking" would at node "Block" (first, http-request)',
        hint: 'pin first',
      }),
    );
    expect(refuse({ first: { outputs: {} } })).not.toThrow();
  });
});
