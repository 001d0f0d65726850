import { randomBytes } from 'node:crypto';
import { dslText, startNode, type TestNode } from '../../flow/testing/dsl.ts';
import { importFlow, type ImportedFlow } from '../../flow/index.ts';

const llm = (id: string, prompt: string, asks: string): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: asks, mode: 'chat', completion_params: {} },
  // Every prompt names its report, by which the endpoint tells the runs apart.
  prompt_template: [{ role: 'user', text: `${prompt} [{{#start.text#}}]` }],
});

/** The flow as a DSL file. Calls of a variant say so in the name of the model, so that those of two variants are told apart. */
export const faultFlowText = (variant = ''): string =>
  dslText(
    [
      startNode('text'),
      llm('left1', 'Is this spam?', `${variant}left1`),
      llm('left2', 'Sure about {{#left1.text#}}?', `${variant}left2`),
      llm('right', 'Who is meant?', `${variant}right`),
      {
        id: 'join',
        type: 'template-transform',
        template: '{{ a }}/{{ b }}',
        variables: [
          { variable: 'a', value_selector: ['left2', 'text'] },
          { variable: 'b', value_selector: ['right', 'text'] },
        ],
      },
      llm('judge', 'Decide: {{#join.output#}}', `${variant}judge`),
      {
        id: 'shape',
        type: 'code',
        code_language: 'javascript',
        code: 'function main({ text, votes }) { return { label: text.toUpperCase(), votes: votes.split("/") }; }',
        variables: [
          { variable: 'text', value_selector: ['judge', 'text'] },
          { variable: 'votes', value_selector: ['join', 'output'] },
        ],
        outputs: { label: { type: 'string' }, votes: { type: 'array[string]' } },
      },
      {
        id: 'end',
        type: 'end',
        outputs: [
          { variable: 'label', value_selector: ['shape', 'label'] },
          { variable: 'votes', value_selector: ['shape', 'votes'] },
        ],
      },
    ],
    [
      'start -> left1',
      'left1 -> left2',
      'start -> right',
      'left2 -> join',
      'right -> join',
      'join -> judge',
      'judge -> shape',
      'shape -> end',
    ],
  );

/** A flow of five effects, of which two chains run side by side. */
export function faultFlow(): ImportedFlow {
  const imported = importFlow(faultFlowText(), { flowName: 'faults' });
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow;
}

/** Its nodes that ask the endpoint, once each. */
export const CALLING = ['left1', 'left2', 'right', 'judge'] as const;
/** Its nodes whose results are stored. */
export const EFFECTS = [...CALLING, 'shape'] as const;

export type FaultInput = { readonly runId: string; readonly text: string };

/** Inputs of so many runs. Their ids are new each time, since Temporal remembers those of earlier tests. */
export function faultInputs(count: number): readonly FaultInput[] {
  const tag = randomBytes(4).toString('hex');
  return Array.from({ length: count }, (_, i) => ({ runId: `fault-${tag}-${i + 1}`, text: `report ${i + 1}` }));
}

/** What a call is known by at the endpoint. */
export const callKey = (node: string, { text }: Pick<FaultInput, 'text'>): string => `${node} ${text}`;

/** Minimal standard generator (Park & Miller), so that a failing moment can be repeated. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
