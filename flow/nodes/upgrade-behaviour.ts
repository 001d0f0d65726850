import { compileVariableTemplate } from '../text/index.ts';
import type { NodeBehaviour } from './configs.ts';
import type { LlmConfig, PromptPart } from './llm/config.ts';
import type { ClassifierClass, ClassifierConfig } from './question-classifier/config.ts';

type EarlyPart = PromptPart extends infer Part ? (Part extends { readonly basic: unknown } ? Omit<Part, 'marks'> : Part) : never;
type EarlyLlm = Omit<LlmConfig, 'form' | 'memory' | 'vision' | 'prompts'> & { readonly prompts: readonly EarlyPart[] };
type EarlyClass = Omit<ClassifierClass, 'template' | 'label'> & { readonly label: string | null };
type EarlyClassifier = Omit<ClassifierConfig, 'memory' | 'vision' | 'classes'> & { readonly classes: readonly EarlyClass[] };

/** A node as the first builds compiled it, with the meaning that it had then. */
type EarlyBehaviour =
  | NodeBehaviour
  | { readonly kind: 'llm'; readonly config: EarlyLlm }
  | { readonly kind: 'question-classifier'; readonly config: EarlyClassifier };

/** A node that some build compiled, as this one reads it: the first knew neither memory nor pictures. */
export function upgradeBehaviour(behaviour: EarlyBehaviour): NodeBehaviour {
  if (behaviour.kind === 'llm' && !('form' in behaviour.config)) {
    const { config } = behaviour;
    return { kind: 'llm', config: { ...config, form: 'messages', prompts: config.prompts.map(upgradePart), memory: null, vision: null } };
  }
  if (behaviour.kind === 'question-classifier' && !('memory' in behaviour.config)) {
    const { config } = behaviour;
    const classes = config.classes.map(({ id, name, label }) => ({
      id,
      name,
      label: label ?? '',
      template: compileVariableTemplate(name),
    }));
    return { kind: 'question-classifier', config: { ...config, classes, memory: null, vision: null } };
  }
  return behaviour as NodeBehaviour;
}

const upgradePart = (part: EarlyPart): PromptPart =>
  'basic' in part ? { ...part, marks: part.basic.slice(1).map(() => 'context' as const) } : part;
