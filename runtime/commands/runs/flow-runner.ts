import { createHash } from 'node:crypto';
import type { Plan } from '../../../flow/index.ts';
import {
  decodeValues,
  isRiskflowError,
  type FlowCall,
  type FlowCallResult,
  type FlowRunner,
  type FlowVersionPublished,
  type RunFinished,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { loadPlan } from '../flows.ts';
import { driveOwnRun, withRunLease } from './run-flow.ts';
import { resumeRun } from './run-resume.ts';
import { startRun } from './run-start.ts';

/**
 * Runs flows as tools of others, in this process, each as a run of its own with its own events. The run is named for its caller: asked
 * again after a crash it goes on, or is read again when it was over. The latest published version runs.
 */
export const createFlowRunner = (context: () => Context): FlowRunner => ({
  async run(call) {
    try {
      return await runCalled(context(), call);
    } catch (error) {
      call.signal.throwIfAborted();
      if (!isRiskflowError(error)) throw error;
      return failed(`the flow "${call.flow}" cannot be called: ${error.message}`, error.code === 'busy');
    }
  },
});

const failed = (message: string, retryable = false): FlowCallResult => ({ ok: false, message, type: 'ToolInvokeError', retryable });

async function runCalled(context: Context, call: FlowCall): Promise<FlowCallResult> {
  const runId = runIdOf(call);
  const { signal } = call;
  const known = await context.storage.events.runStatus(context.workspaceId, runId);
  if (known !== undefined) return resultOf(call, await resumeRun(context, runId, { signal }));
  const version = await latestVersion(context, call.flow);
  if (version === undefined)
    return failed(`there is no flow "${call.flow}" to be called: publish it with ./riskflow flow import FILE --flow "${call.flow}"`);
  const plan = await loadPlan(context, version);
  if (plan.mayWait) return failed(`the flow "${call.flow}" cannot be called as a tool: it may wait for a person`);
  const started = startRun(context, {
    plan,
    ...inputsOf(plan, call),
    runId,
    // As all that no person started: nobody is asked to go on with it.
    mode: 'scheduled',
    origin: { kind: 'tool', runId: call.parent.runId, effectId: call.parent.effectId, depth: call.depth },
  });
  return withRunLease(context, runId, async (lease) =>
    resultOf(call, await driveOwnRun(context, { plan, started, history: [], lease, models: context.models() }, { signal })),
  );
}

/** In the form of a UUID of version 8, whose content is its maker's to choose (RFC 9562 §5.8). Each attempt of the caller is a run of its own. */
function runIdOf({ workspaceId, parent, flow }: FlowCall): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([workspaceId, parent.runId, parent.effectId, parent.attempt, flow]))
    .digest('hex');
  return [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `a${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
}

/** The question of a chat flow comes as `query`. */
function inputsOf(plan: Plan, { inputs }: FlowCall): { readonly inputs: FlowCall['inputs']; readonly query?: string } {
  const query = inputs.get('query');
  return { inputs, ...(plan.mode === 'advanced-chat' && typeof query === 'string' ? { query } : {}) };
}

async function latestVersion({ storage, workspaceId }: Context, flow: string): Promise<string | undefined> {
  const last = await storage.events.lastOf(workspaceId, `flow/${flow}`);
  return last?.type === 'FlowVersionPublished' ? (last.data as FlowVersionPublished['data']).version : undefined;
}

function resultOf(
  { flow }: FlowCall,
  run: { readonly status: 'paused' } | Pick<RunFinished['data'], 'status' | 'outputs' | 'error' | 'usage'>,
): FlowCallResult {
  if (run.status === 'paused') return failed(`the flow "${flow}" waits for a person, which one that is called as a tool cannot`);
  if (run.outputs === null)
    return failed(`the flow "${flow}" ${run.status === 'stopped' ? 'was stopped' : 'failed'}: ${run.error ?? 'it says no reason'}`);
  return { ok: true, outputs: decodeValues(run.outputs), usage: run.usage };
}
