import { decodeValue, encodeValues, type SecretRef, type Value } from '../../../schemas/core.ts';
import { failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate, secretsOf, withCleanTexts } from '../../text/index.ts';
import type { Reads } from '../node-kind.ts';
import type { ToolConfig } from './config.ts';

/** Fills the arguments in and asks for the tool to be called. Secrets stay placeholders in texts, and references in whole values. */
export function startTool(config: ToolConfig, context: NodeContext): NodeOutcome {
  const inputs = new Map<string, Value>();
  const secrets: SecretRef[] = [];
  for (const argument of config.arguments) {
    if ('template' in argument) {
      const rendered = renderTemplate(argument.template, context.lookup, 'text');
      secrets.push(...rendered.secrets);
      inputs.set(argument.name, rendered.text);
    } else if ('selector' in argument) {
      const value = context.lookup(argument.selector);
      if (value === undefined && argument.required) {
        return failed(
          inputs,
          'ToolParameterError',
          `the variable ${argument.selector.join('.')} of the parameter "${argument.name}" does not exist`,
        );
      }
      if (value === undefined) continue;
      secrets.push(...secretsOf(value));
      // Nothing in it may pass for the placeholder of a secret: those are filled in later in all texts.
      inputs.set(argument.name, withCleanTexts(value));
    } else inputs.set(argument.name, decodeValue(argument.constant));
  }
  return {
    kind: 'effect',
    inputs,
    secrets,
    request: { kind: 'tool', tool: config.tool, arguments: encodeValues(inputs), depth: context.callDepth ?? 0 },
  };
}

/** Every variable that goes into the arguments. */
export const readsOfTool = ({ arguments: all }: ToolConfig): Reads => ({
  selectors: all.flatMap((argument) => ('selector' in argument ? [argument.selector] : [])),
  templates: all.flatMap((argument) => ('template' in argument ? [argument.template] : [])),
});
