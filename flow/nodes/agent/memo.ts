import type { ChatMessage, Json, ToolCall } from '../../../schemas/core.ts';

/** What an agent notes between its questions. Plain JSON: it stands in the run's events. */
export type AgentMemo = {
  /** Messages after the first ones, which are made anew from the node's settings. */
  readonly turns: readonly ChatMessage[];
  /** How often the model was asked. */
  readonly asked: number;
  /** Calls that are still to be made; the first is under way. Empty: the model is asked. */
  readonly pending: readonly ToolCall[];
  /** What tools gave: encoded files and JSON values. */
  readonly files: readonly Json[];
  readonly json: readonly Json[];
  readonly usage: { readonly prompt: number; readonly completion: number; readonly price: number; readonly latency: number };
};

export const FIRST_MEMO: AgentMemo = {
  turns: [],
  asked: 1,
  pending: [],
  files: [],
  json: [],
  usage: { prompt: 0, completion: 0, price: 0, latency: 0 },
};

/** As events hold it. Only its outer form is looked at: this node alone writes one. */
const isMemo = (memo: unknown): memo is AgentMemo => typeof memo === 'object' && memo !== null && 'turns' in memo && 'pending' in memo;
export const memoOf = (memo: Json): AgentMemo => (isMemo(memo) ? memo : FIRST_MEMO);
export const jsonOfMemo = (memo: AgentMemo): Json => JSON.parse(JSON.stringify(memo)) as Json;
