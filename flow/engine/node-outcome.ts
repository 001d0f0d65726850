import type { EffectRequest, Json, SecretRef, Value, Values } from '../../schemas/core.ts';
import type { Limits } from '../limits.ts';
import type { Selector } from '../plan/selector.ts';
import type { ModelReplacements } from './mapped-model.ts';

/** What a node may read while it starts. */
export type NodeContext = {
  /** Undefined: the variable is not there (null is a value). */
  readonly lookup: (selector: Selector) => Value | undefined;
  /**
   * The type a variable was declared with, by Dify's name: `value_type` of the conversation, `var_type` of a loop around the node. A number
   * that began as an integer is `integer`, as a float `float`. Undefined: nothing declares it.
   */
  readonly typeOf?: (selector: Selector) => string | undefined;
  readonly modelMap: ModelReplacements;
  /** How many flows called each other to get here; none by default. */
  readonly callDepth?: number;
  /** Default: those that hold when nothing is set. */
  readonly limits?: Limits;
  /** Whether a failure of the node is answered: tried again, or followed by a branch or default values. */
  readonly handlesErrors?: boolean;
};

export type VariableWrite = { readonly selector: Selector; readonly value: Value };
export type NodeError = { readonly message: string; readonly type: string };

/** What starting a node leads to: a result at once, something needed from outside, or a failure. */
export type NodeOutcome =
  | {
      readonly kind: 'finished';
      readonly inputs: Values;
      readonly outputs: Values;
      readonly handle: string;
      /** Variables of others that it changes: of the conversation, or of a loop around it. */
      readonly writes?: readonly VariableWrite[];
    }
  | { readonly kind: 'effect'; readonly inputs: Values; readonly request: EffectRequest; readonly secrets: readonly SecretRef[] }
  /** An iteration or loop: it runs the nodes within it. Of an iteration its items, of a loop the first values of its variables. */
  | { readonly kind: 'passes'; readonly inputs: Values }
  | { readonly kind: 'failed'; readonly inputs: Values; readonly error: NodeError };

/** What an effect's outputs mean for the node: its end, or a failure. */
export type Conclusion =
  { readonly ok: true; readonly outputs: Values; readonly handle: string } | { readonly ok: false; readonly error: NodeError };
/** Or that it has more to ask: this is what it must know then. */
export type More = { readonly more: Json };

export const EMPTY: Values = new Map();
/** The handle of nodes that do not branch. */
export const DEFAULT_HANDLE = 'source';

/** Beside the outputs of an `evaluate` effect: the handle the node chose. No output of a flow can have this name. */
export const EVALUATED_HANDLE = '$handle';

export const finished = (inputs: Values, outputs: Values, handle: string = DEFAULT_HANDLE): NodeOutcome => ({
  kind: 'finished',
  inputs,
  outputs,
  handle,
});
export const failed = (inputs: Values, type: string, message: string): NodeOutcome => ({
  kind: 'failed',
  inputs,
  error: { message, type },
});
