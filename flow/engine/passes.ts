import { isArray, type Value, type Values } from '../../schemas/core.ts';
import { ITEMS } from '../nodes/iteration/start.ts';
import type { Plan } from '../plan/plan.ts';
import { nodeAt } from './find-node.ts';
import { closeNode, followEdges, markReady, takeReady } from './follow-edges.ts';
import { containerKeyOf, frameKeyOf } from './names.ts';
import { lookup } from './pool.ts';
import {
  FoldError,
  NodeProgress,
  newFrame,
  ownFrame,
  type Container,
  type Draft,
  type Frame,
  type PassResult,
  type Ready,
} from './state.ts';

/** An iteration or loop begins: it is looked at at once. `inputs` are its items, or the first values of its variables. */
export function openContainer(
  plan: Plan,
  draft: Draft,
  at: Ready,
  given: { readonly index: number; readonly startedAt: number; readonly inputs: Values },
): void {
  const { behaviour } = nodeAt(plan, at.node);
  const items = behaviour.kind === 'iteration' ? itemsOf(given.inputs) : null;
  const count = behaviour.kind === 'loop' ? behaviour.config.count : (items?.length ?? 0);
  takeReady(draft, at.frame, at.node);
  ownFrame(draft, at.frame).nodes[nodeAt(plan, at.node).slot] = NodeProgress.running;
  const { index, startedAt } = given;
  put(draft, {
    ...at,
    index,
    startedAt,
    items,
    count,
    begun: 0,
    running: 0,
    results: [],
    answers: null,
    failure: null,
    due: true,
    dropped: false,
  });
  // What a loop begins with lies where its first pass will be: its break conditions are looked at before.
  if (behaviour.kind === 'loop') beginFrame(plan, draft, at, { pass: 0, own: given.inputs });
  draft.ready.push(at);
}

function itemsOf(inputs: Values): readonly Value[] {
  const items = inputs.get(ITEMS);
  return items !== undefined && isArray(items) ? items : [];
}

function containerAt(draft: Pick<Draft, 'containers'>, { frame, node }: Ready): Container {
  const container = draft.containers.get(containerKeyOf(frame, node));
  if (container === undefined) throw new FoldError(`node ${node} is no iteration or loop under way`);
  return container;
}

const put = (draft: Draft, container: Container): void => {
  draft.containers.set(containerKeyOf(container.frame, container.node), container);
};

/** The next pass begins. */
export function openPass(plan: Plan, draft: Draft, at: Ready, pass: number): void {
  const container = containerAt(draft, at);
  if (pass !== container.begun) throw new FoldError(`pass ${pass} of node ${at.node} began after ${container.begun} passes`);
  takeReady(draft, at.frame, at.node);
  const { behaviour, body } = nodeAt(plan, at.node);
  if (behaviour.kind === 'loop') carryLoop(plan, draft, at, pass);
  else {
    const own = new Map<string, Value>([
      ['item', container.items?.[pass] ?? null],
      ['index', pass],
    ]);
    beginFrame(plan, draft, at, { pass, own });
  }
  const next = { ...container, begun: pass + 1, running: container.running + 1, due: false };
  put(draft, next);
  const frame = ownFrame(draft, passKey(plan, draft, at, pass));
  const root = plan.scopes[body ?? -1]?.root;
  if (root !== undefined) {
    const node = nodeAt(plan, root);
    if (node.behaviour.kind === 'pass-start') {
      frame.nodes[node.slot] = NodeProgress.finished;
      followEdges(plan, draft, frame, { node, handle: 'source' });
    } else markReady(plan, draft, frame, root);
  }
  if (frame.open === 0) return endPass(plan, draft, frame.key);
  makeDue(plan, draft, next);
}

/** The variables of the loop go on into its next pass; those of the nodes within do not. */
function carryLoop(plan: Plan, draft: Draft, at: Ready, pass: number): void {
  if (pass === 0) return;
  const key = passKey(plan, draft, at, pass - 1);
  const { own } = ownFrame(draft, key);
  draft.frames.delete(key);
  beginFrame(plan, draft, at, { pass, own });
}

function beginFrame(plan: Plan, draft: Draft, at: Ready, { pass, own }: { readonly pass: number; readonly own: Values }): void {
  const { id, body, behaviour } = nodeAt(plan, at.node);
  const parent = ownFrame(draft, at.frame);
  const path = [...parent.path, [id, pass] as const];
  const key = frameKeyOf(path);
  const isIteration = behaviour.kind === 'iteration';
  const changes: Values | null = isIteration && behaviour.config.parallel > 1 ? new Map() : null;
  const outputs: Values | null = isIteration ? new Map() : null;
  draft.frames.set(key, newFrame(plan, { key, path, scope: body ?? -1, parent: at.frame, own, changes, outputs }));
  draft.copied.add(key);
}

/** The key of the frame of a pass. */
export function passKey(plan: Plan, { frames }: Pick<Draft, 'frames'>, at: Ready, pass: number): string {
  return frameKeyOf([...(frames.get(at.frame)?.path ?? []), [nodeAt(plan, at.node).id, pass]]);
}

/** What is to be done once nothing of a frame is ready or running any more. */
export function endPass(plan: Plan, draft: Draft, key: string): void {
  const frame = draft.frames.get(key);
  if (frame === undefined || frame.open > 0 || frame.parent === null) return;
  const at = ownerOf(plan, frame);
  const container = containerAt(draft, at);
  const running = container.running - 1;
  if (container.dropped) {
    draft.frames.delete(key);
    put(draft, { ...container, running });
    if (running === 0) dropContainer(plan, draft, at);
    return;
  }
  const { behaviour } = nodeAt(plan, at.node);
  if (behaviour.kind !== 'iteration') {
    // It ended already: leaving what is within it can come back to it.
    if (container.running === 0) return;
    const next = { ...container, running, failure: frame.failure };
    put(draft, next);
    return makeDue(plan, draft, next);
  }
  const pass = frame.path.at(-1)?.[1] ?? 0;
  const result: PassResult = frame.failure === null ? { value: lookup(plan, draft, key, behaviour.config.output) ?? null } : null;
  const results = ownResults(draft, container);
  results[pass] = result;
  const fatal = frame.failure !== null && behaviour.config.onError === 'terminated' ? frame.failure : null;
  const latest = frame.outputs !== null && frame.outputs.size > 0 && pass >= (container.answers?.pass ?? 0);
  const answers = latest ? { pass, outputs: frame.outputs } : container.answers;
  const next = { ...container, running, results, answers, failure: container.failure ?? fatal };
  draft.frames.delete(key);
  put(draft, next);
  makeDue(plan, draft, next);
}

/** Results that the step may change: one copy per step, however many passes end in it. */
function ownResults(draft: Draft, { frame, node, results }: Container): (PassResult | undefined)[] {
  const key = containerKeyOf(frame, node);
  // What is in `copied` was copied by this very function.
  if (draft.copied.has(key)) return results as (PassResult | undefined)[];
  draft.copied.add(key);
  return results.slice();
}

function ownerOf(plan: Plan, frame: Frame): Ready {
  const node = plan.scopes[frame.scope]?.container ?? null;
  if (node === null || frame.parent === null) throw new FoldError(`the frame "${frame.key}" has no container`);
  return { frame: frame.parent, node };
}

/** Puts a container into the queue when there is something for it to do, once. */
function makeDue(plan: Plan, draft: Draft, container: Container): void {
  if (container.due || !hasWork(plan, container)) return;
  put(draft, { ...container, due: true });
  draft.ready.push({ frame: container.frame, node: container.node });
}

function hasWork(plan: Plan, { node, running, begun, count, failure }: Container): boolean {
  if (running === 0) return true;
  const { behaviour } = nodeAt(plan, node);
  return behaviour.kind === 'iteration' && failure === null && begun < count && running < behaviour.config.parallel;
}

/** A container is over: it and what is left of its frames are forgotten. */
export function closeContainer(plan: Plan, draft: Draft, at: Ready): Container {
  const container = containerAt(draft, at);
  takeReady(draft, at.frame, at.node);
  forget(plan, draft, at);
  return container;
}

function forget(plan: Plan, draft: Draft, at: Ready): void {
  const { body } = nodeAt(plan, at.node);
  draft.containers.delete(containerKeyOf(at.frame, at.node));
  for (const frame of draft.frames.values()) if (frame.parent === at.frame && frame.scope === body) draft.frames.delete(frame.key);
}

function dropContainer(plan: Plan, draft: Draft, at: Ready): void {
  forget(plan, draft, at);
  closeNode(plan, draft, at, NodeProgress.skipped);
  endPass(plan, draft, at.frame);
}

/** Nothing more starts in a frame, nor in what is within it; what is under way there is waited for. */
export function abandon(plan: Plan, draft: Draft, key: string): void {
  const inside = new Set([key]);
  // Frames come after those they are in: a map keeps the order in which they began.
  for (const frame of draft.frames.values()) if (frame.parent !== null && inside.has(frame.parent)) inside.add(frame.key);
  // What is under way in a pass within leads to nothing new there either.
  for (const inner of inside) ownFrame(draft, inner).ended = true;
  const gone = draft.ready.filter((entry) => inside.has(entry.frame));
  draft.ready = draft.ready.filter((entry) => !inside.has(entry.frame));
  for (const entry of gone) {
    if (!draft.containers.has(containerKeyOf(entry.frame, entry.node))) closeNode(plan, draft, entry, NodeProgress.skipped);
  }
  for (const container of [...draft.containers.values()]) {
    if (!inside.has(container.frame)) continue;
    put(draft, { ...container, dropped: true, due: false });
    if (container.running === 0) dropContainer(plan, draft, container);
  }
  // The innermost first: a pass that is over lets the one around it end.
  for (const inner of [...inside].toReversed()) if (inner !== key) endPass(plan, draft, inner);
}
