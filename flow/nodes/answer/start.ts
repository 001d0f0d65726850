import type { Value } from '../../../schemas/core.ts';
import { EMPTY, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { AnswerConfig } from './config.ts';
import { renderTemplate } from '../../text/index.ts';

/** The template in Dify's markdown rendering. Secrets in it make the node an effect before this text is used. */
export function startAnswer(config: AnswerConfig, context: NodeContext): NodeOutcome {
  const { text } = renderTemplate(config.template, context.lookup, 'markdown');
  return finished(
    EMPTY,
    new Map<string, Value>([
      ['answer', text],
      ['files', []],
    ]),
  );
}
