import type { Json, Values } from '../../schemas/core.ts';
import type { Conclusion, More, NodeContext, NodeError, NodeOutcome } from '../engine/node-outcome.ts';
import type { Limits } from '../limits.ts';
import type { Selector } from '../plan/selector.ts';
import type { VariableTemplate } from '../text/index.ts';
import type { ModelConfig } from './model-config.ts';

/** Every variable a node reads: by name, and within its texts. */
export type Reads = { readonly selectors?: readonly Selector[]; readonly templates?: readonly VariableTemplate[] };

/**
 * What a node of a kind needs from outside. `nothing`: it is evaluated within the interpreter. `answer`: asking again does no harm.
 * `deed`: it may change the world, so that it is never done for the sake of a trial. `wait`: for a person or a time. `passes`: it runs the
 * nodes within it.
 */
export type Needs = 'nothing' | 'answer' | 'deed' | 'wait' | 'passes';

/** `memo`: what a node noted when it asked, null the first time. */
export type Told = { readonly memo: Json; readonly limits: Limits };

/** All that the interpreter knows of a kind of node. */
export type NodeKind<C> = {
  readonly needs: Needs;
  /** Whether equal questions may share one answer within an evaluation. */
  readonly reusable?: boolean;
  /** Whether Dify honours retry_config on it. */
  readonly retries?: boolean;
  /** Takes only the edges of the handle it chose. */
  readonly branches?: boolean;
  /** Passes secrets on as what they are: it need not be evaluated where their values are known. */
  readonly passesSecrets?: boolean;
  readonly start: (config: C, context: NodeContext) => NodeOutcome;
  /** What the outputs of its effect mean. Default: they are the node's. */
  readonly conclude?: (config: C, outputs: Values, told: Told) => Conclusion | More;
  /** What goes on after a later question failed; null: the node fails. */
  readonly recover?: (config: C, error: NodeError, memo: Json) => More | null;
  /** Asks for the next effect, after `conclude` said that there is more to ask. */
  readonly proceed?: (config: C, context: NodeContext, memo: Json) => NodeOutcome;
  /** The handle that pinned outputs of a branching node stand for. */
  readonly pinnedHandle?: (config: C, outputs: Values) => string;
  readonly reads?: (config: C) => Reads;
  readonly model?: (config: C) => ModelConfig | null;
};
