import {
  decodeValue,
  encodeValue,
  isSecretRef,
  type EffectRequest,
  type Json,
  type SecretRef,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import type { NodeBehaviour } from '../nodes/configs.ts';
import { isKind, startNode } from '../nodes/kinds.ts';
import type { PlanNode } from '../plan/plan.ts';
import type { Selector } from '../plan/selector.ts';
import { lookupIn } from '../text/index.ts';
import { EVALUATED_HANDLE, type NodeContext, type NodeError } from './node-outcome.ts';

/** Watches what a node reads, so that one that reads a secret can be evaluated where secrets are known. */
export function watchSecrets(context: NodeContext): {
  readonly context: NodeContext;
  readonly secrets: () => readonly SecretRef[];
  readonly inputs: () => Json;
} {
  const read = new Map<string, Value>();
  return {
    context: {
      ...context,
      lookup: (selector) => {
        const value = context.lookup(selector);
        if (value !== undefined) read.set(JSON.stringify(selector), value);
        return value;
      },
    },
    secrets: () => [...read.values()].filter(isSecretRef),
    inputs: () => Array.from(read, ([selector, value]): Json => [selector, encodeValue(value)]),
  };
}

/** A node's behaviour as the plain data that an `evaluate` effect carries. */
export const behaviourJson = (node: PlanNode): Json => JSON.parse(JSON.stringify(node.behaviour)) as Json;

export type Evaluated = { readonly ok: true; readonly outputs: Values } | { readonly ok: false; readonly error: NodeError };

/** Evaluates an inline node with its secrets revealed. The outputs may hold their values: the caller must scan them before keeping them. */
export function evaluateWithSecrets(request: Extract<EffectRequest, { kind: 'evaluate' }>, reveal: (ref: SecretRef) => string): Evaluated {
  const known = new Map<string, Value>();
  for (const entry of request.inputs as readonly (readonly [string, Json])[]) {
    const value = decodeValue(entry[1]);
    known.set(entry[0], isSecretRef(value) ? reveal(value) : value);
  }
  const lookup = (selector: Selector): Value | undefined => {
    const exact = known.get(JSON.stringify(selector));
    if (exact !== undefined || selector.length <= 2) return exact;
    const base = known.get(JSON.stringify(selector.slice(0, 2)));
    return base === undefined ? undefined : lookupIn(base, selector.slice(2));
  };
  if (!isBehaviour(request.node)) return refused('the effect holds no behaviour of a node');
  const outcome = startNode(request.node, { lookup, modelMap: {} });
  if (outcome.kind === 'failed') return { ok: false, error: outcome.error };
  if (outcome.kind !== 'finished') return refused('only an inline node can be evaluated with secrets');
  return { ok: true, outputs: new Map([...outcome.outputs, [EVALUATED_HANDLE, outcome.handle]]) };
}

const refused = (message: string): Evaluated => ({ ok: false, error: { type: 'InternalError', message } });

/**
 * Whether this is what `behaviourJson` gave before it crossed a process boundary. Only its outer form is looked at: the interpreter of
 * the same plan version wrote the config.
 */
const isBehaviour = (value: unknown): value is NodeBehaviour =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  typeof value.kind === 'string' &&
  isKind(value.kind) &&
  'config' in value &&
  typeof value.config === 'object' &&
  value.config !== null;
