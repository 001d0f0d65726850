import { decodeValues, type EffectResult, type Usage, type Values } from '../../schemas/core.ts';
import { concludeNode, pinnedHandle, recoverNode, traitsOf } from '../nodes/kinds.ts';
import type { PlanNode } from '../plan/plan.ts';
import { askAgain, contentKeyOf, effectOf, pinFor } from './ask.ts';
import { failNode, finishNode, finishOutcome, type FinishBase } from './finish-node.ts';
import { effectIdOf, visitOf } from './names.ts';
import { EVALUATED_HANDLE, type Conclusion, type More, type NodeError } from './node-outcome.ts';
import { FoldError, type RunningNode } from './state.ts';
import { placeOf, record, type Place, type Work } from './step.ts';

export function consume(step: Work, effectId: string, running: RunningNode, result: EffectResult): void {
  const place = placeOf(step, running);
  const { node } = place;
  const base = {
    index: running.index,
    inputs: null,
    effectId,
    usage: result.usage,
    reused: result.reused,
    elapsedMs: result.elapsedMs,
    startedAt: running.startedAt,
  };
  if (result.status === 'failed') {
    const error = { message: result.error.message, type: result.error.type };
    const recovered = running.memo === null ? null : recoverNode(node.behaviour, error, running.memo);
    if (recovered !== null) return askMore(step, place, { effectId, running, result, memo: recovered.more, base });
    return retryOrFail(step, place, { effectId, running, usage: result.usage, error, base });
  }
  const outputs = decodeValues(result.outputs);
  const pinned = pinFor(step.draft, node) !== undefined;
  const conclusion = pinned
    ? { ok: true as const, outputs, handle: pinnedHandle(node.behaviour, outputs) }
    : concludeEffect(step, node, { outputs, memo: running.memo });
  if ('more' in conclusion) return askMore(step, place, { effectId, running, result, memo: conclusion.more, base });
  if (conclusion.ok) return finishNode(step, place, { ...base, status: 'succeeded', error: null }, conclusion);
  retryOrFail(step, place, { effectId, running, usage: result.usage, error: conclusion.error, base });
}

/** An inline node that read a secret was evaluated outside: its outputs carry the handle beside them. */
function concludeEffect(
  step: Work,
  node: PlanNode,
  { outputs, memo }: { readonly outputs: Values; readonly memo: RunningNode['memo'] },
): Conclusion | More {
  const evaluated = outputs.get(EVALUATED_HANDLE);
  if (typeof evaluated !== 'string') return concludeNode(node.behaviour, outputs, { memo, limits: step.limits });
  const rest = new Map(outputs);
  rest.delete(EVALUATED_HANDLE);
  return { ok: true, outputs: rest, handle: evaluated };
}

type Question = {
  readonly effectId: string;
  readonly running: RunningNode;
  readonly result: EffectResult;
  readonly memo: NonNullable<RunningNode['memo']> | null;
  readonly base: FinishBase;
};

/** The answer was not the last one: the node asks for what it needs next. */
function askMore(step: Work, place: Place, { effectId, running, result, memo, base }: Question): void {
  const outcome = askAgain(step, place, { ...running, memo });
  if (outcome.kind === 'passes') throw new FoldError(`node ${place.node.id} cannot become an iteration`);
  if (outcome.kind !== 'effect') return finishOutcome(step, place, outcome, base);
  const visit = visitOf(place.node, place.frame);
  const nextEffectId = effectIdOf(visit, running.turn + 1);
  const contentKey = step.contentKeys ? contentKeyOf(step.draft, place.node, outcome.request) : null;
  const { usage, elapsedMs, reused } = result;
  record(step, {
    type: 'NodeContinued',
    data: { ...visit, effectId, nextEffectId, contentKey, memo, usage, elapsedMs, reused, at: step.now },
  });
  step.effects.push(
    effectOf(step, place, { outcome, effectId: nextEffectId, attempt: 1, delayMs: 0, contentKey, askedAt: running.startedAt }),
  );
}

type Attempt = {
  readonly effectId: string;
  readonly running: RunningNode;
  readonly usage: Usage;
  readonly error: NodeError;
  readonly base: FinishBase;
};

function retryOrFail(step: Work, place: Place, attempt: Attempt): void {
  const { effectId, running, usage, error, base } = attempt;
  const { node, frame } = place;
  const retryable = traitsOf(node.behaviour.kind).retries === true || pinFor(step.draft, node) !== undefined;
  // A pass that failed elsewhere, or a loop that is to end, waits for what is under way and asks for nothing more.
  const wanted = frame.failure === null && !frame.ended;
  if (!retryable || !wanted || running.attempt > node.retry.times) return failNode(step, place, base, error);
  const delayMs = node.retry.intervalMs;
  record(step, {
    type: 'NodeRetried',
    data: { ...visitOf(node, frame), effectId, attempt: running.attempt, error, delayMs, usage, at: step.now },
  });
  const outcome = askAgain(step, place, running);
  if (outcome.kind !== 'effect') throw new FoldError(`node ${node.id} needed an effect before and none now`);
  const { attempt: last, contentKey } = running;
  step.effects.push(effectOf(step, place, { outcome, effectId, attempt: last + 1, delayMs, contentKey, askedAt: running.startedAt }));
}
