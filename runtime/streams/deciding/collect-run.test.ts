import { describe, expect, it } from 'vitest';
import { importFlow, type Plan } from '../../../flow/index.ts';
import type { RunEvent } from '../../../schemas/index.ts';
import { collectFindings } from './collect-run.ts';
import { llmFlow, rulesFlow } from '../source-rig.ts';

function planOf(text: string): Plan {
  const imported = importFlow(text);
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
}

const finished = (nodeId: string, handle: string | null = null): RunEvent =>
  ({ type: 'NodeFinished', data: { nodeId, handle } }) as Extract<RunEvent, { type: 'NodeFinished' }>;
const findingsOf = (plan: Plan, events: readonly RunEvent[]) => {
  const { see, findings } = collectFindings(plan);
  events.forEach(see);
  return findings();
};

describe('what a run tells about how its decision came to be', () => {
  it('are the cases that held, and not the else branch', () => {
    const plan = planOf(rulesFlow());
    expect(findingsOf(plan, [finished('start'), finished('if', 'spam'), finished('spam')])).toEqual({
      ruleHits: [{ nodeId: 'if', title: 'if', caseId: 'spam' }],
      models: [],
      promptIds: [],
    });
    expect(findingsOf(plan, [finished('if', 'false')]).ruleHits).toEqual([]);
    expect(findingsOf(plan, [finished('unknown', 'spam')]).ruleHits).toEqual([]);
  });

  it('are the models that were asked, once each, and what each node asked', () => {
    const plan = planOf(llmFlow());
    const all = findingsOf(plan, [finished('first'), finished('second')]);
    expect(all.models).toEqual([{ provider: 'openai', name: 'mock' }]);
    expect(all.promptIds).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(new Set(all.promptIds).size).toBe(2);
    expect(findingsOf(plan, [finished('first')]).promptIds).toEqual(all.promptIds.slice(0, 1));
    expect(findingsOf(plan, [])).toEqual({ ruleHits: [], models: [], promptIds: [] });
  });

  it('another prompt has another id', () => {
    const ids = (mark: string) => findingsOf(planOf(llmFlow({ mark })), [finished('first')]).promptIds;
    expect(ids('-v2')).not.toEqual(ids(''));
    expect(ids('-v2')).toEqual(ids('-v2'));
  });
});
