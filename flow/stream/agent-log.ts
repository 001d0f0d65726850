import { float, type NodeContinued, type Value } from '../../schemas/core.ts';
import { memoOf } from '../nodes/agent/memo.ts';
import type { PlanNode } from '../plan/plan.ts';

/** What an agent did since its last question, as Dify's `agent_log` tells it; null where a node of another kind went on. */
export function agentLog({ id, behaviour }: PlanNode, data: NodeContinued['data'], executionId: string): ReadonlyMap<string, Value> | null {
  if (behaviour.kind !== 'agent') return null;
  const { turns, asked } = memoOf(data.memo);
  const last = turns.at(-1);
  const isTool = last?.role === 'tool' || last?.role === 'user';
  const call = last?.role === 'assistant' ? last.toolCalls?.[0]?.name : undefined;
  const content = typeof last?.content === 'string' ? last.content : '';
  return new Map<string, Value>([
    ['node_execution_id', executionId],
    ['id', data.effectId],
    ['node_id', id],
    [
      'label',
      isTool ? `ROUND ${asked}: what the tool gave` : `ROUND ${asked}: ${call === undefined ? 'the model' : `the model wants ${call}`}`,
    ],
    ['parent_id', null],
    ['error', null],
    ['status', 'success'],
    ['data', new Map<string, Value>([['output', content]])],
    ['metadata', new Map<string, Value>([['elapsed_time', float(data.elapsedMs / 1000)]])],
  ]);
}
