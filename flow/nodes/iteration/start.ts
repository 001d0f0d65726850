import { isArray, typeOf, type Value } from '../../../schemas/core.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { PassResult } from '../../engine/state.ts';
import type { IterationConfig } from './config.ts';

/** The input that holds the items, as Dify names it. */
export const ITEMS = 'iterator_selector';

/** Its passes, one for each item; none for an empty list or null. */
export function startIteration(config: IterationConfig, context: NodeContext): NodeOutcome {
  const items = context.lookup(config.items);
  if (items === undefined)
    return failed(EMPTY, 'IteratorVariableNotFoundError', `the variable ${config.items.join('.')} to iterate over does not exist`);
  if (items === null || (isArray(items) && items.length === 0))
    return finished(new Map([[ITEMS, items]]), new Map<string, Value>([['output', []]]));
  if (!isArray(items))
    return failed(
      new Map([[ITEMS, items]]),
      'InvalidIteratorValueError',
      `the variable ${config.items.join('.')} to iterate over is ${typeOf(items)}, not a list`,
    );
  return { kind: 'passes', inputs: new Map([[ITEMS, items]]) };
}

/**
 * What an iteration gives: the results in the order of its items. Lists become one list only when every result but null is a list; nulls
 * are then left out.
 */
export function iterationOutput(config: IterationConfig, results: readonly (PassResult | undefined)[]): Value {
  const kept = config.onError === 'remove-abnormal-output' ? results.filter((result) => result !== null) : results;
  const values = kept.map((result) => result?.value ?? null);
  if (!config.flatten) return values;
  const lists = values.filter((value) => value !== null);
  return lists.length > 0 && lists.every(isArray) ? lists.flat() : values;
}
