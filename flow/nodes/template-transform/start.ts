import type { Value } from '../../../schemas/core.ts';
import { failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { TemplateConfig } from './config.ts';
import { DEFAULT_LIMITS, renderJinja, type TemplateLimits } from '../../templates/index.ts';

const templateLimits = (limits: NodeContext['limits']): TemplateLimits | undefined =>
  limits === undefined ? undefined : { ...DEFAULT_LIMITS, output: limits.templateMaxOutput };

/** Renders the template; a variable that is missing is None. */
export function startTemplateTransform(config: TemplateConfig, context: NodeContext): NodeOutcome {
  const inputs = new Map<string, Value>();
  for (const { name, selector } of config.variables) inputs.set(name, context.lookup(selector) ?? null);
  const rendered = renderJinja(config.template, inputs, templateLimits(context.limits));
  if (!rendered.ok) return failed(inputs, 'TemplateTransformError', rendered.error);
  return finished(inputs, new Map([['output', rendered.text]]));
}
