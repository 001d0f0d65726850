import type { FlowDefinition } from '../import/definition.ts';
import { readsOf } from '../nodes/kinds.ts';
import { findLiteralSelectors, templateSelectors } from '../text/index.ts';
import type { Plan, PlanNode } from './plan.ts';
import type { Selector } from './selector.ts';

const NAMESPACES: ReadonlySet<string> = new Set(['sys', 'env', 'conversation', 'rag']);

/** Warnings about variables: selectors that name no node, secrets nobody set, and text that Dify replaces by surprise. */
export function referenceWarnings(plan: Plan, definition: FlowDefinition): readonly string[] {
  const ids = new Set(definition.nodes.map((node) => node.id));
  const known = (selector: Selector): boolean => ids.has(selector[0] ?? '') || NAMESPACES.has(selector[0] ?? '');
  return plan.nodes.flatMap((node): readonly string[] => {
    const name = `node "${node.title}" (${node.id})`;
    const lost = selectorsOf(node).filter((selector) => !known(selector));
    const literal = readsOf(node.behaviour).templates.flatMap((template) => findLiteralSelectors(template, known));
    return [
      ...new Set(lost.map((selector) => `${name}: it reads {{#${selector.join('.')}#}}, but there is no node "${selector[0] ?? ''}"`)),
      ...new Set(
        literal.map(
          (text) => `${name}: the plain text "${text}" equals the name of a variable, and Dify puts the variable's value in its place`,
        ),
      ),
    ];
  });
}

/** Every variable a node reads. */
export function selectorsOf(node: PlanNode): readonly Selector[] {
  const { selectors, templates } = readsOf(node.behaviour);
  return [...selectors, ...templates.flatMap(templateSelectors)];
}
