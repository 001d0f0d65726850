import { decodeValue, type Value, type Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, EMPTY, failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { applyFirst, applyItems } from './apply.ts';
import type { AssignerConfig, AssignItem } from './config.ts';

/** Changes variables of the conversation or of a loop around it; it has no outputs of its own. */
export function startAssigner(config: AssignerConfig, { lookup, typeOf = () => undefined }: NodeContext): NodeOutcome {
  const variables = { lookup, typeOf };
  const applied = config.version === 2 ? applyItems(config.items, variables) : applyFirst(config, variables);
  const inputs = inputsOf(config, lookup);
  return applied.ok
    ? { kind: 'finished', inputs, outputs: EMPTY, handle: DEFAULT_HANDLE, writes: applied.updates }
    : failed(inputs, 'VariableOperatorNodeError', applied.message);
}

function inputsOf(config: AssignerConfig, lookup: NodeContext['lookup']): Values {
  if (config.version === 2) return new Map<string, Value>([['items', config.items.map(itemValue)]]);
  return new Map<string, Value>([['value', config.mode === 'clear' ? null : (lookup(config.source) ?? null)]]);
}

const itemValue = ({ target, operation, input }: AssignItem): Value =>
  new Map<string, Value>([
    ['variable_selector', target],
    ['input_type', input.kind === 'constant' ? 'constant' : 'variable'],
    ['operation', operation],
    ['value', input.kind === 'variable' ? input.selector : input.kind === 'constant' ? decodeValue(input.value) : null],
  ]);
