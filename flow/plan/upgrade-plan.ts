import type { NodeBehaviour } from '../nodes/configs.ts';
import type { ClassifierConfig } from '../nodes/question-classifier/config.ts';
import type { LlmConfig, PromptPart } from '../nodes/llm/config.ts';
import { compileVariableTemplate } from '../text/index.ts';
import type { Plan } from './plan.ts';

/** A plan as the first builds made it, when all nodes ran in one scope. It stands in the histories of workflows that they began. */
type EarlyPlan = Omit<Plan, 'scopes' | 'conversationTypes'> & Partial<Pick<Plan, 'scopes' | 'conversationTypes'>>;

/** A plan that some build of this plan version made, as this one reads it. */
export function upgradePlan(plan: EarlyPlan): Plan {
  const { scopes, conversationTypes } = plan;
  if (scopes !== undefined && conversationTypes !== undefined) return { ...plan, scopes, conversationTypes };
  return {
    ...plan,
    nodes: plan.nodes.map((node, slot) => ({ ...node, behaviour: upgraded(node.behaviour), scope: 0, slot, body: null })),
    edges: plan.edges.map((edge, slot) => ({ ...edge, slot })),
    scopes: [{ container: null, root: plan.root, nodeCount: plan.nodes.length, edgeCount: plan.edges.length }],
    conversationTypes: {},
  };
}

/** Those plans knew neither memory nor pictures, and of marks in a prompt the retrieved text alone. */
function upgraded(behaviour: NodeBehaviour): NodeBehaviour {
  if (behaviour.kind === 'llm') {
    const early: Omit<LlmConfig, 'form' | 'memory' | 'vision'> = behaviour.config;
    const config: LlmConfig = { ...early, form: 'messages', memory: null, vision: null, prompts: early.prompts.map(withMarks) };
    return { kind: 'llm', config };
  }
  if (behaviour.kind !== 'question-classifier') return behaviour;
  const early: Omit<ClassifierConfig, 'memory' | 'vision'> = behaviour.config;
  const classes = early.classes.map((item) => ({ ...item, template: compileVariableTemplate(item.name), label: labelOf(item) }));
  return { kind: 'question-classifier', config: { ...early, memory: null, vision: null, classes } };
}

const withMarks = (part: PromptPart): PromptPart =>
  'basic' in part ? { ...part, marks: part.basic.slice(1).map(() => 'context' as const) } : part;

/** A class without a label had none. */
const labelOf = ({ label }: { readonly label: string | null }): string => label ?? '';
