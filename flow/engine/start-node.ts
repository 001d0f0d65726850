import type { Values } from '../../schemas/core.ts';
import { startAnswer } from '../nodes/answer/start.ts';
import { concludeCode } from '../nodes/code/conclude.ts';
import { startCode } from '../nodes/code/start.ts';
import { startEnd } from '../nodes/end/start.ts';
import { startIfElse } from '../nodes/if-else/start.ts';
import { concludeLlm } from '../nodes/llm/conclude.ts';
import { startLlm } from '../nodes/llm/start.ts';
import { concludeClassifier, startClassifier } from '../nodes/question-classifier/start.ts';
import { startTemplateTransform } from '../nodes/template-transform/start.ts';
import { startAggregator } from '../nodes/variable-aggregator/start.ts';
import type { NodeBehaviour } from '../plan/plan.ts';
import { DEFAULT_HANDLE, EMPTY, failed, finished, type Conclusion, type NodeContext, type NodeOutcome } from './node-outcome.ts';

/** Starts a node. The start node's variables are the run's inputs, which the engine puts into the pool itself. */
export function startNode(behaviour: NodeBehaviour, context: NodeContext): NodeOutcome {
  switch (behaviour.kind) {
    case 'start':
      return finished(EMPTY, EMPTY);
    case 'end':
      return startEnd(behaviour.config, context);
    case 'answer':
      return startAnswer(behaviour.config, context);
    case 'if-else':
      return startIfElse(behaviour.config, context);
    case 'template-transform':
      return startTemplateTransform(behaviour.config, context);
    case 'code':
      return startCode(behaviour.config, context);
    case 'llm':
      return startLlm(behaviour.config, context);
    case 'question-classifier':
      return startClassifier(behaviour.config, context);
    case 'variable-aggregator':
      return startAggregator(behaviour.config, context);
    case 'unsupported':
      return failed(EMPTY, 'UnsupportedNodeError', behaviour.config.reason);
  }
}

/** What the outputs of a node's effect mean for it. */
export function concludeNode(behaviour: NodeBehaviour, outputs: Values): Conclusion {
  switch (behaviour.kind) {
    case 'code':
      return concludeCode(behaviour.config, outputs);
    case 'llm':
      return concludeLlm(behaviour.config, outputs);
    case 'question-classifier':
      return concludeClassifier(behaviour.config, outputs);
    default:
      return { ok: true, outputs, handle: DEFAULT_HANDLE };
  }
}

/** The handle that pinned outputs of a branching node stand for. */
export function pinnedHandle(behaviour: NodeBehaviour, outputs: Values): string {
  const named = behaviour.kind === 'if-else' ? outputs.get('selected_case_id') : outputs.get('class_id');
  if (typeof named === 'string') return named;
  if (behaviour.kind === 'if-else') return outputs.get('result') === true ? 'true' : 'false';
  if (behaviour.kind === 'question-classifier') return behaviour.config.classes[0]?.id ?? DEFAULT_HANDLE;
  return DEFAULT_HANDLE;
}
