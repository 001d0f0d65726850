import type { Value } from '../../../schemas/core.ts';
import { failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { TemplateConfig } from './config.ts';
import { renderJinja } from '../../templates/index.ts';

/** Renders the template; a variable that is missing is None. */
export function startTemplateTransform(config: TemplateConfig, context: NodeContext): NodeOutcome {
  const inputs = new Map<string, Value>();
  for (const { name, selector } of config.variables) inputs.set(name, context.lookup(selector) ?? null);
  const rendered = renderJinja(config.template, inputs);
  if (!rendered.ok) return failed(inputs, 'TemplateTransformError', rendered.error);
  return finished(inputs, new Map([['output', rendered.text]]));
}
