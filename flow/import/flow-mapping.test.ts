import { expect, it } from 'vitest';
import { dslText, startNode } from '../testing/dsl.ts';
import { versionOf, type FlowDefinition } from './definition.ts';
import { mapDefinition, needsOf } from './flow-mapping.ts';
import { inspectFlow } from './import-flow.ts';

function definitionOf(text: string): FlowDefinition {
  const { definition } = inspectFlow(text);
  if (definition === null) throw new Error('it cannot be read');
  return definition;
}

const flow = definitionOf(
  dslText(
    [
      startNode('s'),
      { id: 'kb', type: 'knowledge-retrieval', dataset_ids: ['d1', 'd2'], query_variable_selector: ['start', 's'] },
      {
        id: 'llm',
        type: 'llm',
        model: { provider: 'openai', name: 'org/gpt', mode: 'chat', completion_params: { temperature: 1 } },
        prompt_template: [],
      },
      {
        id: 'tool',
        type: 'tool',
        provider_id: 'p/q',
        provider_name: 'p/q',
        provider_type: 'builtin',
        tool_name: 'search',
        tool_parameters: {},
      },
      {
        id: 'agent',
        type: 'agent',
        agent_parameters: {
          model: { type: 'constant', value: { provider: 'openai', model: 'org/gpt' } },
          tools: {
            type: 'constant',
            value: [
              { provider_name: 'p/q', tool_name: 'search' },
              { provider_name: 'time', tool_name: 'now' },
            ],
          },
        },
      },
    ],
    [],
  ),
);
const dataOf = (definition: FlowDefinition, id: string) => definition.nodes.find((node) => node.id === id)?.data;

it('what nodes name outside of the flow is listed by node', () => {
  const gpt = { provider: 'openai', name: 'org/gpt' };
  expect(needsOf(flow).map(({ node, ...needs }) => [node.id, needs])).toEqual([
    ['kb', { models: [], datasets: ['d1', 'd2'], tools: [] }],
    ['llm', { models: [gpt], datasets: [], tools: [] }],
    ['tool', { models: [], datasets: [], tools: ['p/q/search'] }],
    ['agent', { models: [gpt], datasets: [], tools: ['p/q/search', 'time/now'] }],
  ]);
});

it('a mapping puts what is here into the nodes, and the version says so', () => {
  const mapped = mapDefinition(flow, {
    models: { 'openai/org/gpt': { provider: 'local', name: 'small' } },
    datasets: { d1: 'handbook', other: 'x' },
    tools: { 'p/q/search': 'workflow/my-search' },
  });
  expect(dataOf(mapped, 'kb')).toMatchObject({ dataset_ids: ['handbook', 'd2'] });
  expect(dataOf(mapped, 'llm')).toMatchObject({
    model: { provider: 'local', name: 'small', mode: 'chat', completion_params: { temperature: 1 } },
  });
  expect(dataOf(mapped, 'tool')).toMatchObject({ provider_id: 'workflow', provider_name: 'workflow', tool_name: 'my-search' });
  expect(dataOf(mapped, 'agent')).toMatchObject({
    agent_parameters: {
      model: { value: { provider: 'local', model: 'small' } },
      tools: {
        value: [
          { provider_name: 'workflow', tool_name: 'my-search' },
          { provider_name: 'time', tool_name: 'now' },
        ],
      },
    },
  });
  expect(versionOf(mapped)).not.toBe(versionOf(flow));
});

it('a mapping that names nothing of the flow changes nothing, whatever its keys are', () => {
  const mapped = mapDefinition(flow, { models: {}, datasets: { nope: 'x' }, tools: { constructor: 'a/b' } });
  expect(versionOf(mapped)).toBe(versionOf(flow));
});
