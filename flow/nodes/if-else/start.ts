import type { Value, Values } from '../../../schemas/core.ts';
import { evaluateCases } from '../../conditions/index.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { IfElseConfig } from './config.ts';

/** The case that pinned outputs stand for. */
export function pinnedCase(_: IfElseConfig, outputs: Values): string {
  const named = outputs.get('selected_case_id');
  return typeof named === 'string' ? named : outputs.get('result') === true ? 'true' : 'false';
}

/** The first case that holds names the handle; none: "false". */
export function startIfElse(config: IfElseConfig, context: NodeContext): NodeOutcome {
  const result = evaluateCases(config.cases, context.lookup);
  if (!result.ok) return failed(EMPTY, result.error.type, result.error.message);
  const handle = result.selected ?? 'false';
  return finished(
    EMPTY,
    new Map<string, Value>([
      ['result', result.selected !== null],
      ['selected_case_id', handle],
    ]),
    handle,
  );
}
