import type { FlowDefinition } from '../import/definition.ts';
import { readsOf } from '../nodes/kinds.ts';
import { findLiteralSelectors, templateSelectors } from '../text/index.ts';
import type { FlowIssue } from './issue.ts';
import type { Plan, PlanNode } from './plan.ts';
import type { Selector } from './selector.ts';

const NAMESPACES: ReadonlySet<string> = new Set(['sys', 'env', 'conversation', 'rag']);

/** Warnings about variables: selectors that name no node, and text that Dify replaces by surprise. */
export function referenceWarnings(plan: Plan, definition: FlowDefinition): readonly FlowIssue[] {
  const ids = new Set(definition.nodes.map((node) => node.id));
  const known = (selector: Selector): boolean => ids.has(selector[0] ?? '') || NAMESPACES.has(selector[0] ?? '');
  return plan.nodes.flatMap((node): readonly FlowIssue[] => {
    const lost = selectorsOf(node).filter((selector) => selector.length > 0 && !known(selector));
    const literal = readsOf(node.behaviour).templates.flatMap((template) => findLiteralSelectors(template, known));
    const messages = [
      ...uncollected(plan, node),
      ...new Set(lost.map((selector) => `it reads {{#${selector.join('.')}#}}, but there is no node "${selector[0] ?? ''}"`)),
      ...new Set(
        literal.map((text) => `the plain text "${text}" equals the name of a variable, and Dify puts the variable's value in its place`),
      ),
    ];
    return messages.map((message) => ({ severity: 'warning', nodeId: node.id, message }));
  });
}

/** What an iteration collects must be of a node within it: of any other it gets null, as in Dify. */
function uncollected({ nodes }: Plan, { id, body, behaviour }: PlanNode): readonly string[] {
  const output = behaviour.kind === 'iteration' ? behaviour.config.output : [];
  const [from = ''] = output;
  if (output.length < 2 || from === id || NAMESPACES.has(from)) return [];
  return nodes.some((node) => node.id === from && node.scope === body)
    ? []
    : [`what it collects (output_selector ${output.join('.')}) is of no node within it: every result is null`];
}

/** Every variable a node reads. */
export function selectorsOf(node: PlanNode): readonly Selector[] {
  const { selectors, templates } = readsOf(node.behaviour);
  return [...selectors, ...templates.flatMap(templateSelectors)];
}
