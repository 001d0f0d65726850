import { conditionSelectors } from '../conditions/index.ts';
import type { FlowDefinition } from '../import/definition.ts';
import { findLiteralSelectors, templateSelectors, type VariableTemplate } from '../text/index.ts';
import type { Plan, PlanNode, Selector } from './plan.ts';

const NAMESPACES: ReadonlySet<string> = new Set(['sys', 'env', 'conversation', 'rag']);

/** Warnings about variables: selectors that name no node, secrets nobody set, and text that Dify replaces by surprise. */
export function referenceWarnings(plan: Plan, definition: FlowDefinition): readonly string[] {
  const ids = new Set(definition.nodes.map((node) => node.id));
  const known = (selector: Selector): boolean => ids.has(selector[0] ?? '') || NAMESPACES.has(selector[0] ?? '');
  return plan.nodes.flatMap((node): readonly string[] => {
    const name = `node "${node.title}" (${node.id})`;
    const lost = selectorsOf(node).filter((selector) => !known(selector));
    const literal = templatesOf(node).flatMap((template) => findLiteralSelectors(template, known));
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
  const { behaviour } = node;
  const inTemplates = templatesOf(node).flatMap(templateSelectors);
  switch (behaviour.kind) {
    case 'end':
      return behaviour.config.outputs.map((output) => output.selector);
    case 'if-else':
      return behaviour.config.cases.flatMap((item) => item.conditions.flatMap(conditionSelectors));
    case 'template-transform':
    case 'code':
      return behaviour.config.variables.map((variable) => variable.selector);
    case 'llm':
      return [
        ...inTemplates,
        ...behaviour.config.jinjaVariables.map((variable) => variable.selector),
        ...(behaviour.config.context === null ? [] : [behaviour.config.context]),
      ];
    case 'question-classifier':
      return [behaviour.config.query, ...inTemplates];
    case 'variable-aggregator':
      return [...behaviour.config.variables, ...(behaviour.config.groups ?? []).flatMap((group) => group.variables)];
    default:
      return inTemplates;
  }
}

function templatesOf(node: PlanNode): readonly VariableTemplate[] {
  const { behaviour } = node;
  switch (behaviour.kind) {
    case 'answer':
      return [behaviour.config.template];
    case 'llm':
      return [
        ...behaviour.config.prompts.flatMap((part) => ('basic' in part ? part.basic : [])),
        ...(behaviour.config.query === null ? [] : [behaviour.config.query]),
      ];
    case 'question-classifier':
      return [behaviour.config.instruction];
    default:
      return [];
  }
}
