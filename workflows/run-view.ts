import type { Plan, RunState } from '../flow/core.ts';
import type { RunView } from './run-activities.ts';

export const STARTING: RunView = { status: 'starting', totalSteps: 0, events: 0, underWay: [], stopReason: null };

/** What people may see of a run under way: no inputs, no outputs. */
export function viewOf(plan: Plan, state: RunState): RunView {
  return {
    status: state.finished?.status ?? 'running',
    totalSteps: state.steps,
    events: state.seq,
    underWay: Array.from(state.running.values(), ({ node, attempt, startedAt }) => ({
      nodeId: plan.nodes[node]?.id ?? '',
      title: plan.nodes[node]?.title ?? '',
      attempt,
      startedAt,
    })),
    stopReason: state.stopReason,
  };
}
