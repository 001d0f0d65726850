import { describe, expect, it } from 'vitest';
import { compileVariableTemplate } from '../text/index.ts';
import { flowOf, startNode } from '../testing/dsl.ts';
import { upgradeBehaviour } from './upgrade-behaviour.ts';

const model = { provider: 'openai', name: 'm', mode: 'chat', params: {} } as const;
const [before, behind] = [compileVariableTemplate('Read '), compileVariableTemplate(' well')];

describe('a node that the first builds compiled', () => {
  it('asks a model as it did: the context at its mark, neither memory nor pictures', () => {
    const early = { role: 'user', basic: [before, behind] } as const;
    const config = {
      model,
      prompts: [early],
      jinjaVariables: [],
      query: null,
      context: ['kb', 'result'],
      schema: null,
      separateReasoning: false,
    };
    expect(upgradeBehaviour({ kind: 'llm', config })).toEqual({
      kind: 'llm',
      config: { ...config, form: 'messages', prompts: [{ ...early, marks: ['context'] }], memory: null, vision: null },
    });
  });

  it('has no label for a class without one', () => {
    const config = { model, query: ['start', 'text'], classes: [{ id: '1', name: 'a {{#start.x#}}', label: null }], instruction: before };
    const upgraded = upgradeBehaviour({ kind: 'question-classifier', config });
    expect(upgraded).toMatchObject({ config: { classes: [{ id: '1', label: '' }], memory: null, vision: null } });
  });

  it('of today stays as it is', () => {
    const { plan } = flowOf(
      [
        startNode('text'),
        { id: 'ask', type: 'llm', model: { provider: 'openai', name: 'm' }, prompt_template: [{ role: 'user', text: 'x' }] },
      ],
      ['start -> ask'],
    );
    for (const { behaviour } of plan.nodes) expect(upgradeBehaviour(behaviour)).toBe(behaviour);
  });
});
