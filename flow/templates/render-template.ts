import type { Value } from '../../schemas/core.ts';
import { codePointLength, withoutSecretMarks } from '../text/index.ts';
import { callMacro, execute, type Output } from './execute.ts';
import { DEFAULT_LIMITS, NeedsOwnValues, startBudget, type TemplateLimits } from './limits.ts';
import { fail, TemplateFailure } from './python/values.ts';
import { enterScope, newScope, startRun, type Run } from './run.ts';
import type { CompiledTemplate } from './syntax/ast.ts';

export type RenderResult = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string };

/**
 * Renders a template as Jinja2 does. A variable that the context lacks is undefined: it prints as nothing, and most other uses are
 * errors. The context is never changed. The text holds no placeholder of a secret, whatever the values hold.
 */
export function renderJinja(
  template: CompiledTemplate,
  context: ReadonlyMap<string, Value>,
  limits: TemplateLimits = DEFAULT_LIMITS,
): RenderResult {
  const first = attempt(template, context, { limits, ownValues: template.mutates });
  return (
    first ?? attempt(template, context, { limits, ownValues: true }) ?? { ok: false, error: 'the values of the template cannot be copied' }
  );
}

type Attempt = { readonly limits: TemplateLimits; readonly ownValues: boolean };

/** Undefined: the template wants to change a value of the context, and has to begin again with copies. */
function attempt(
  template: CompiledTemplate,
  context: ReadonlyMap<string, Value>,
  { limits, ownValues }: Attempt,
): RenderResult | undefined {
  const run = startRun({ context, budget: startBudget(limits, ownValues), ownValues, depth: limits.depth, callMacro });
  try {
    return { ok: true, text: renderText(template, run, limits) };
  } catch (error) {
    if (error instanceof NeedsOwnValues) return undefined;
    if (error instanceof TemplateFailure) return { ok: false, error: `line ${run.line}: ${error.message}` };
    // The engine's own stack is the last limit of nesting.
    if (error instanceof RangeError) return { ok: false, error: `line ${run.line}: the template is too deep or its values too large` };
    throw error;
  }
}

function renderText(template: CompiledTemplate, run: Run, limits: TemplateLimits): string {
  const output: Output = { text: '' };
  const scope = newScope(template.slots, null);
  enterScope(template.enter, scope, run);
  execute(template.body, scope, run, output);
  if (output.text.length > limits.output && codePointLength(output.text) > limits.output) {
    fail('LimitError', `the output is longer than ${limits.output} characters`);
  }
  return withoutSecretMarks(output.text);
}
