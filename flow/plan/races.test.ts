import { describe, expect, it } from 'vitest';
import { flowOf, startNode, type TestNode } from '../testing/dsl.ts';
import { flowRaces } from './races.ts';

const llm = (id: string, text = 'hi'): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm' },
  prompt_template: [{ role: 'user', text }],
});
const end = (id: string, name: string, selector: readonly string[]): TestNode => ({
  id,
  type: 'end',
  outputs: [{ variable: name, value_selector: selector }],
});
const branch: TestNode = {
  id: 'if',
  type: 'if-else',
  cases: [{ case_id: 'x', conditions: [{ variable_selector: ['start', 'a'], comparison_operator: 'is', value: 'x' }] }],
};

describe('flowRaces', () => {
  it('two parallel ends that give the same output', () => {
    const { plan } = flowOf(
      [startNode(), llm('a'), llm('b'), end('e1', 'o', ['a', 'text']), end('e2', 'o', ['b', 'text'])],
      ['start -> a', 'start -> b', 'a -> e1', 'b -> e2'],
    );
    expect(flowRaces(plan)).toEqual(['the end nodes "e1" and "e2" both give o: the one that finishes later decides']);
  });
  it('no race between ends of different branches, of different names, or one after the other', () => {
    const branches = flowOf(
      [startNode('a'), branch, end('e1', 'o', ['start', 'a']), end('e2', 'o', ['start', 'a'])],
      ['start -> if', 'if:x -> e1', 'if:false -> e2'],
    );
    expect(flowRaces(branches.plan)).toEqual([]);
    const names = flowOf([startNode(), end('e1', 'o', ['sys', 'query']), end('e2', 'p', ['sys', 'query'])], ['start -> e1', 'start -> e2']);
    expect(flowRaces(names.plan)).toEqual([]);
  });
  it('answers of parallel branches', () => {
    const { plan } = flowOf(
      [startNode(), { id: 'x', type: 'answer', answer: 'x' }, { id: 'y', type: 'answer', answer: 'y' }],
      ['start -> x', 'start -> y'],
      { mode: 'advanced-chat' },
    );
    expect(flowRaces(plan)).toEqual(['the answers "x" and "y" are joined in the order in which they finish']);
  });
  it('a node that reads a parallel branch', () => {
    const { plan } = flowOf([startNode(), llm('a'), llm('b', 'see {{#a.text#}}')], ['start -> a', 'start -> b']);
    expect(flowRaces(plan)).toEqual(['node "b" reads "a" of a parallel branch, which may not have finished']);
  });
  it('branches that meet again are no race', () => {
    const { plan } = flowOf(
      [
        startNode('a'),
        branch,
        llm('p'),
        llm('q'),
        {
          id: 'agg',
          type: 'variable-aggregator',
          variables: [
            ['p', 'text'],
            ['q', 'text'],
          ],
        },
        end('e', 'o', ['agg', 'output']),
      ],
      ['start -> if', 'if:x -> p', 'if:false -> q', 'p -> agg', 'q -> agg', 'agg -> e'],
    );
    expect(flowRaces(plan)).toEqual([]);
  });
  it('a node within an iteration that reads its item, and what lies before the iteration', () => {
    const { plan } = flowOf(
      [
        startNode('a'),
        { id: 'split', type: 'template-transform', template: '', variables: [] },
        { id: 'each', type: 'iteration', iterator_selector: ['start', 'a'], output_selector: ['in', 'output'], start_node_id: 'in' },
        {
          id: 'in',
          type: 'template-transform',
          template: '',
          iteration_id: 'each',
          variables: [
            { variable: 'item', value_selector: ['each', 'item'] },
            { variable: 'x', value_selector: ['split', 'output'] },
            { variable: 'y', value_selector: ['aside', 'output'] },
          ],
        },
        { id: 'aside', type: 'template-transform', template: '', variables: [] },
      ],
      ['start -> split', 'split -> each', 'start -> aside'],
    );
    expect(flowRaces(plan)).toEqual(['node "in" reads "aside" of a parallel branch, which may not have finished']);
  });
});
