import { decodeValue, type Value, type Values } from '../../../schemas/core.ts';
import { evaluateCases, type CasesResult } from '../../conditions/index.ts';
import type { NodeContext, NodeOutcome } from '../../engine/node-outcome.ts';
import type { LoopConfig } from './config.ts';

/** Its passes, with the first values of its variables. A variable that does not exist is null. */
export function startLoop(config: LoopConfig, context: NodeContext): NodeOutcome {
  const own = new Map<string, Value>();
  for (const { name, from } of config.variables)
    own.set(name, 'selector' in from ? (context.lookup(from.selector) ?? null) : decodeValue(from.value));
  return { kind: 'passes', inputs: own };
}

/** Whether the condition to end the loop holds; `selected` is null when it does not. */
export const loopEnds = (config: LoopConfig, lookup: NodeContext['lookup']): CasesResult =>
  config.until === null ? { ok: true, selected: null } : evaluateCases([config.until], lookup);

/** What a loop gives: its variables as they are now, and how many passes there were, if there was one. */
export function loopOutputs(config: LoopConfig, own: Values, passes: number): Values {
  const outputs = new Map<string, Value>();
  for (const { name } of config.variables) outputs.set(name, own.get(name) ?? null);
  if (passes > 0) outputs.set('loop_round', passes);
  return outputs;
}
