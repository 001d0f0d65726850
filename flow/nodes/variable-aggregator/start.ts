import type { Value } from '../../../schemas/core.ts';
import { EMPTY, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { AggregatorConfig } from './config.ts';
import type { Selector } from '../../plan/selector.ts';

/** The first variable that exists, even when it is "", [] or null; none: no output, which is no error. */
export function startAggregator(config: AggregatorConfig, context: NodeContext): NodeOutcome {
  const outputs = new Map<string, Value>();
  if (config.groups === null) {
    const value = firstOf(config.variables, context);
    if (value !== undefined) outputs.set('output', value);
  } else {
    for (const group of config.groups) {
      const value = firstOf(group.variables, context);
      if (value !== undefined) outputs.set(group.name, new Map([['output', value]]));
    }
  }
  return finished(EMPTY, outputs);
}

function firstOf(selectors: readonly Selector[], context: NodeContext): Value | undefined {
  for (const selector of selectors) {
    const value = context.lookup(selector);
    if (value !== undefined) return value;
  }
  return undefined;
}
