import type { Value } from '../../../schemas/core.ts';
import { EMPTY, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { EndConfig } from './config.ts';

/** The variables it names; one that is missing is null. */
export function startEnd(config: EndConfig, context: NodeContext): NodeOutcome {
  const outputs = new Map<string, Value>();
  for (const { name, selector } of config.outputs) outputs.set(name, context.lookup(selector) ?? null);
  return finished(EMPTY, outputs);
}
