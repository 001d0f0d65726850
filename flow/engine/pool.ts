import { decodeValue, isNumeric, type Json, type Value, type Values } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';
import type { Selector } from '../plan/selector.ts';
import { lookupIn } from '../text/index.ts';
import { findNode, nodeAt } from './find-node.ts';
import { ownFrame, type Draft, type Frame, type RunState } from './state.ts';

type Pool = Pick<RunState, 'frames' | 'shared'>;

/** A variable as a node in a frame sees it; undefined when it is not there. */
export function lookup(plan: Plan, pool: Pool, frameKey: string, selector: Selector): Value | undefined {
  const [namespace, name] = selector;
  if (namespace === undefined || name === undefined) return undefined;
  const value = variablesOf(plan, pool, frameKey, namespace)?.get(name);
  const found = value === undefined && namespace === 'conversation' ? pool.shared.get(namespace)?.get(name) : value;
  return found === undefined || selector.length === 2 ? found : lookupIn(found, selector.slice(2));
}

function variablesOf(plan: Plan, pool: Pool, frameKey: string, namespace: string): Values | null | undefined {
  const index = findNode(plan, namespace);
  if (index === undefined) {
    if (namespace !== 'conversation') return pool.shared.get(namespace);
    return frameUp(pool, frameKey, (frame) => frame.changes !== null)?.changes;
  }
  const node = nodeAt(plan, index);
  const frame = frameUp(pool, frameKey, ({ scope }) => scope === node.scope || scope === node.body);
  if (frame === undefined) return pool.shared.get(namespace);
  return frame.scope === node.body ? frame.own : (frame.produced[node.slot] ?? pool.shared.get(namespace));
}

/** The nearest frame, from this one outwards, for which the test holds. */
export function frameUp(pool: Pick<RunState, 'frames'>, key: string, test: (frame: Frame) => boolean): Frame | undefined {
  for (let frame = pool.frames.get(key); frame !== undefined; frame = frame.parent === null ? undefined : pool.frames.get(frame.parent))
    if (test(frame)) return frame;
  return undefined;
}

/** Where a variable may be written from a frame: the conversation's, and those of a loop around. */
export function canWrite(plan: Plan, pool: Pool, frameKey: string, [namespace, name]: Selector): boolean {
  if (namespace === undefined || name === undefined) return false;
  if (namespace === 'conversation') return pool.shared.get(namespace)?.has(name) === true;
  const index = findNode(plan, namespace);
  if (index === undefined || nodeAt(plan, index).behaviour.kind !== 'loop') return false;
  const { body } = nodeAt(plan, index);
  return frameUp(pool, frameKey, ({ scope }) => scope === body)?.own.has(name) === true;
}

/** The type a variable was declared with that can be written; undefined for others. See `NodeContext`. */
export function declaredType(plan: Plan, [namespace = '', name = '']: Selector): string | undefined {
  if (namespace === 'conversation') {
    const type = Object.hasOwn(plan.conversationTypes, name) ? plan.conversationTypes[name] : undefined;
    return type === 'number' ? numberType(plan.conversation[name] ?? null) : type;
  }
  const index = findNode(plan, namespace);
  const behaviour = index === undefined ? undefined : nodeAt(plan, index).behaviour;
  const variable = behaviour?.kind === 'loop' ? behaviour.config.variables.find((own) => own.name === name) : undefined;
  return variable?.type === 'number' && 'value' in variable.from ? numberType(variable.from.value) : variable?.type;
}

function numberType(first: Json): string {
  const value = decodeValue(first);
  return typeof value === 'number' || typeof value === 'bigint' ? 'integer' : isNumeric(value) ? 'float' : 'number';
}

/** Writes a variable where `canWrite` allowed it. */
export function write(plan: Plan, draft: Draft, frameKey: string, target: { readonly selector: Selector; readonly value: Value }): void {
  const [namespace, name] = target.selector;
  if (namespace === undefined || name === undefined) return;
  if (namespace === 'conversation') {
    const holder = frameUp(draft, frameKey, (frame) => frame.changes !== null);
    if (holder === undefined) draft.shared.set(namespace, new Map(draft.shared.get(namespace) ?? []).set(name, target.value));
    else ownFrame(draft, holder.key).changes = new Map(holder.changes ?? []).set(name, target.value);
    return;
  }
  const index = findNode(plan, namespace);
  const body = index === undefined ? null : nodeAt(plan, index).body;
  const holder = frameUp(draft, frameKey, ({ scope }) => scope === body);
  if (holder !== undefined) ownFrame(draft, holder.key).own = new Map(holder.own).set(name, target.value);
}
