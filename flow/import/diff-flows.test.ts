import { describe, expect, it } from 'vitest';
import { dslText, startNode, type TestEdge, type TestNode } from '../testing/dsl.ts';
import { diffFlows } from './diff-flows.ts';
import { inspectFlow } from './import-flow.ts';
import type { FlowDefinition } from './definition.ts';

function definitionOf(nodes: readonly TestNode[], edges: readonly TestEdge[], extra: Parameters<typeof dslText>[2] = {}): FlowDefinition {
  const { definition } = inspectFlow(dslText(nodes, edges, extra));
  if (definition === null) throw new Error('it cannot be read');
  return definition;
}

const NONE = {
  nodes: { added: [], removed: [], changed: [] },
  edges: { added: [], removed: [] },
  environment: [],
  conversation: [],
  features: [],
  mode: null,
};
const llm = (id: string, extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id,
  type: 'llm',
  title: 'Ask',
  model: { provider: 'openai', name: 'small', mode: 'chat', completion_params: { temperature: 1 } },
  prompt_template: [{ role: 'user', text: 'Say {{#start.s#}}' }],
  ...extra,
});
const end = (id: string, from: string): TestNode => ({
  id,
  type: 'end',
  title: 'End',
  outputs: [{ variable: 'o', value_selector: [from, 'text'] }],
});
const edges = ['start -> a', 'a -> end'] as const;
const A = definitionOf([startNode('s'), llm('a'), end('end', 'a')], edges);

describe('diffFlows', () => {
  it('finds none where only layout, titles and notes differ', () => {
    const b = definitionOf(
      [
        { ...startNode('s'), title: 'Begin', desc: 'x' },
        { ...llm('a'), selected: true },
        end('end', 'a'),
        { id: 'n', type: '', text: 'note' },
      ],
      edges,
    );
    expect(diffFlows(A, b)).toEqual({ same: true, ...NONE });
  });

  it('names the fields of a changed node by their paths, numbers and texts apart', () => {
    const b = definitionOf(
      [
        startNode('s'),
        llm('a', { model: { provider: 'openai', name: 'large', mode: 'chat', completion_params: { temperature: '1', top_p: 0.5 } } }),
        end('end', 'a'),
      ],
      edges,
    );
    expect(diffFlows(A, b)).toEqual({
      same: false,
      ...NONE,
      nodes: {
        added: [],
        removed: [],
        changed: [
          {
            id: 'a',
            title: 'Ask',
            type: 'llm',
            idAfter: null,
            fields: [
              { path: 'model.name', before: 'small', after: 'large' },
              { path: 'model.completion_params.temperature', before: 1, after: '1' },
              { path: 'model.completion_params.top_p', after: 0.5 },
            ],
          },
        ],
      },
    });
  });

  it('names added and removed nodes and edges', () => {
    const b = definitionOf(
      [startNode('s'), { id: 'new', type: 'code', title: 'Count', code: '', code_language: 'javascript' }, end('end', 'a')],
      ['start -> new', 'new:fail-branch -> end'],
    );
    const { nodes, edges: changes } = diffFlows(A, b);
    expect(nodes).toEqual({
      added: [{ id: 'new', title: 'Count', type: 'code' }],
      removed: [{ id: 'a', title: 'Ask', type: 'llm' }],
      changed: [],
    });
    expect(changes).toEqual({
      added: [
        { source: 'start', target: 'new', handle: 'source' },
        { source: 'new', target: 'end', handle: 'fail-branch' },
      ],
      removed: [
        { source: 'start', target: 'a', handle: 'source' },
        { source: 'a', target: 'end', handle: 'source' },
      ],
    });
  });

  it('knows nodes that have other ids, in selectors, templates and edges too', () => {
    const b = definitionOf([startNode('s'), llm('17', {}), end('18', '17')], ['start -> 17', '17 -> 18']);
    expect(diffFlows(A, b)).toEqual({ same: true, ...NONE });
    const c = definitionOf(
      [startNode('s'), llm('17', { prompt_template: [{ role: 'user', text: 'Tell {{#start.s#}}' }] }), end('18', '17')],
      ['start -> 17', '17 -> 18'],
    );
    expect(diffFlows(A, c).nodes.changed).toEqual([
      {
        id: 'a',
        idAfter: '17',
        title: 'Ask',
        type: 'llm',
        fields: [{ path: 'prompt_template[0].text', before: 'Say {{#start.s#}}', after: 'Tell {{#start.s#}}' }],
      },
    ]);
  });

  it('a node of another type under the same id is another node', () => {
    const b = definitionOf(
      [startNode('s'), { id: 'a', type: 'code', title: 'Ask', code: '', code_language: 'javascript' }, end('end', 'a')],
      edges,
    );
    const { nodes } = diffFlows(A, b);
    expect([nodes.added.length, nodes.removed.length, nodes.changed.length]).toEqual([1, 1, 0]);
  });

  it('names variables and the mode', () => {
    const a = definitionOf([startNode()], [], {
      environment: [
        { name: 'X', value: 1 },
        { name: 'Y', value: 'y' },
      ],
    });
    const b = definitionOf([startNode()], [], {
      mode: 'advanced-chat',
      environment: [{ name: 'X', value: 2 }],
      conversation: [{ name: 'Z', value_type: 'number', value: 0 }],
    });
    const found = diffFlows(a, b);
    expect(found.mode).toEqual({ before: 'workflow', after: 'advanced-chat' });
    expect(found.environment).toEqual([
      { name: 'X', change: 'changed', fields: [{ path: 'value', before: 1, after: 2 }] },
      {
        name: 'Y',
        change: 'removed',
        fields: [
          { path: 'type', before: 'string' },
          { path: 'value', before: 'y' },
        ],
      },
    ]);
    expect(found.conversation).toEqual([
      {
        name: 'Z',
        change: 'added',
        fields: [
          { path: 'type', after: 'number' },
          { path: 'value', after: 0 },
        ],
      },
    ]);
  });
});
