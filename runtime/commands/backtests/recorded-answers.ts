import { interpreterFor, type Plan } from '../../../flow/index.ts';
import {
  hashJson,
  NO_USAGE,
  type Effect,
  type EffectExecutor,
  type EffectResult,
  type RunEvent,
  type RunStarted,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { readRun } from '../runs/run-reads.ts';

/** Kinds of effects that ask for something: the others are computed here, whatever was recorded. */
const ASKING: ReadonlySet<string> = new Set<Effect['request']['kind']>(['llm', 'question-classifier', 'code']);

/** What was asked and what came of it, by node and question. */
export type RecordedAnswers = ReadonlyMap<string, EffectResult>;

const NONE: RecordedAnswers = new Map();

/** A node, and everything that its question consists of: equal texts have equal answers. */
const questionOf = ({ nodeId, request, secrets }: Effect): string => hashJson({ nodeId, request, secrets });

type PlanOf = (begun: RunStarted['data']) => Promise<Plan>;

/**
 * The answers that a finished run got. The interpreter is given the run's own facts again, so that it asks what it asked then; a node with
 * another prompt, or with other texts from the nodes before it, asks something else and has no recorded answer.
 */
export async function recordedAnswers(context: Context, planOf: PlanOf, runId: string): Promise<RecordedAnswers> {
  const history = await readRun(context, runId);
  const [started] = history;
  if (started?.type !== 'RunStarted') return NONE;
  const plan = await planOf(started.data);
  const { evolve, initialState, pendingEffects } = interpreterFor(plan);
  const answers = new Map<string, EffectResult>();
  let state = initialState(plan);
  for (const event of history) {
    state = evolve(plan, state, [event]);
    if (event.type !== 'NodeStarted') continue;
    const { effectId } = event.data;
    const effect = pendingEffects(plan, state, { now: event.data.at }).find((each) => each.effectId === effectId);
    if (effect === undefined || !ASKING.has(effect.request.kind)) continue;
    const result = await lastAnswer(context, { runId, effectId, history });
    if (result !== undefined) answers.set(questionOf(effect), asRecorded(result));
  }
  return answers;
}

type Asked = { readonly runId: string; readonly effectId: string; readonly history: readonly RunEvent[] };

/** The answer to the last attempt. */
function lastAnswer({ storage, workspaceId }: Context, { runId, effectId, history }: Asked): Promise<EffectResult | undefined> {
  const retries = history.filter((event) => event.type === 'NodeRetried' && event.data.effectId === effectId).length;
  return storage.effects.find(workspaceId, runId, retries === 0 ? effectId : `${effectId}~${retries + 1}`);
}

/** Costs nothing again; a failure is not tried again, since the same would come of it. */
function asRecorded(result: EffectResult): EffectResult {
  const free = { usage: NO_USAGE, elapsedMs: 0, reused: true };
  return result.status === 'succeeded' ? { ...result, ...free } : { ...result, ...free, error: { ...result.error, retryable: false } };
}

/** Performs only what has no recorded answer. `answersFor` gives those for a run. */
export const answeringFirst =
  (perform: EffectExecutor, answersFor: (runId: string) => Promise<RecordedAnswers>): EffectExecutor =>
  async (effect, options) => {
    if (!ASKING.has(effect.request.kind) || effect.attempt > 1) return perform(effect, options);
    return (await answersFor(effect.runId)).get(questionOf(effect)) ?? perform(effect, options);
  };
