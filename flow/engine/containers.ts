import type { Value, Values } from '../../schemas/core.ts';
import { iterationOutput } from '../nodes/iteration/start.ts';
import { loopEnds, loopOutputs } from '../nodes/loop/start.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import type { NodeError } from './node-outcome.ts';
import { passKey } from './passes.ts';
import { lookup } from './pool.ts';
import type { Container, Draft } from './state.ts';

/** What an iteration or loop does when it is looked at. */
export type NextOfContainer =
  | { readonly kind: 'pass'; readonly pass: number }
  | { readonly kind: 'finished'; readonly outputs: Values }
  | { readonly kind: 'failed'; readonly error: NodeError };

export function nextOf(
  plan: Plan,
  draft: Draft,
  { node, container }: { readonly node: PlanNode; readonly container: Container },
): NextOfContainer {
  const { behaviour } = node;
  if (behaviour.kind === 'loop') return nextOfLoop(plan, draft, { node, container, config: behaviour.config });
  if (behaviour.kind !== 'iteration') return { kind: 'finished', outputs: new Map() };
  const { failure, begun, count, results } = container;
  if (failure !== null) return { kind: 'failed', error: { type: 'IterationNodeError', message: failure } };
  if (begun < count) return { kind: 'pass', pass: begun };
  const output: Value = iterationOutput(behaviour.config, results);
  return { kind: 'finished', outputs: new Map([['output', output]]) };
}

type LoopParts = {
  readonly node: PlanNode;
  readonly container: Container;
  readonly config: Extract<PlanNode['behaviour'], { kind: 'loop' }>['config'];
};

function nextOfLoop(plan: Plan, draft: Draft, { container, config }: LoopParts): NextOfContainer {
  const { failure, begun, count } = container;
  if (failure !== null) return { kind: 'failed', error: { type: 'LoopNodeError', message: failure } };
  // The frame of the latest pass; before the first it holds the variables only.
  const key = passKey(plan, draft, container, Math.max(0, begun - 1));
  const frame = draft.frames.get(key);
  const outputs = loopOutputs(config, frame?.own ?? new Map(), begun);
  if (frame?.ended === true) return { kind: 'finished', outputs };
  const ends = loopEnds(config, (selector) => lookup(plan, draft, key, selector));
  // What the condition reads may not be there before the first pass.
  if (!ends.ok && begun > 0) return { kind: 'failed', error: ends.error };
  if ((ends.ok && ends.selected !== null) || begun >= count) return { kind: 'finished', outputs };
  return { kind: 'pass', pass: begun };
}
