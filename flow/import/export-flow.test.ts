import { describe, expect, it } from 'vitest';
import { decodeValue, isObject, type Value } from '../../schemas/core.ts';
import { dslText, startNode } from '../testing/dsl.ts';
import { exportFlow } from './export-flow.ts';
import { inspectFlow } from './import-flow.ts';
import { versionOf, type FlowDefinition } from './definition.ts';
import { at, listAt, textAt } from './value-reading.ts';
import { readYaml } from './yaml-values.ts';

function definitionOf(text: string): FlowDefinition {
  const { definition, issues } = inspectFlow(text);
  if (definition === null) throw new Error(issues[0]?.message);
  return definition;
}

function valueOf(text: string): Value {
  const read = readYaml(text);
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

const SMALL = dslText(
  [
    startNode('s'),
    { id: 'each', type: 'iteration', iterator_selector: ['start', 's'], output_selector: ['in', 'output'], start_node_id: 'in' },
    { id: 'in', type: 'template-transform', template: 'a\n  {{ x }}\n', variables: [], iteration_id: 'each' },
    { id: 'end', type: 'end', outputs: [], some: { int: 2, text: '2', yes: 'yes', empty: '' } },
  ],
  ['start -> each', 'each -> end'],
  {
    environment: [
      { name: 'KEY', value_type: 'secret', value: 'sk-very-secret' },
      { name: 'PLAIN', value_type: 'string', value: 'x' },
      { name: 'NONE', value: null },
      { name: 'N', value_type: 'number', value: 2 },
    ],
    conversation: [{ name: 'seen', value_type: 'array[string]', value: ['a'] }],
  },
);

describe('exportFlow', () => {
  it('imported again it is the same version', () => {
    const definition = definitionOf(SMALL);
    const again = definitionOf(exportFlow(definition));
    expect(again).toEqual({ ...definition, dslVersion: '0.6.0' });
    expect(versionOf(again)).toBe(versionOf(definition));
    expect(exportFlow(again)).toBe(exportFlow(definition));
  });

  it('an old file becomes one of the newest format, with the same version of the flow', () => {
    const old = definitionOf(SMALL.replace('"version":"0.6.0"', '"version":"0.1.2"'));
    expect(old.dslVersion).toBe('0.1.2');
    expect(textAt(valueOf(exportFlow(old)), 'version')).toBe('0.6.0');
    expect(versionOf(definitionOf(exportFlow(old)))).toBe(versionOf(old));
  });

  it('has what Dify asks of a file: texts for versions, ids of variables, blank secrets', () => {
    const text = exportFlow(definitionOf(SMALL));
    const file = valueOf(text);
    expect(text).not.toContain('sk-very-secret');
    expect([textAt(file, 'kind'), textAt(file, 'version'), textAt(file, 'app', 'mode'), textAt(file, 'app', 'name')]).toEqual([
      'app',
      '0.6.0',
      'workflow',
      'test',
    ]);
    const variables = listAt(file, 'workflow', 'environment_variables').map((variable) => [
      textAt(variable, 'name'),
      at(variable, 'value'),
      at(variable, 'selector'),
    ]);
    expect(variables).toEqual([
      ['KEY', '', ['env', 'KEY']],
      ['PLAIN', 'x', ['env', 'PLAIN']],
      ['NONE', '', ['env', 'NONE']],
      ['N', 2, ['env', 'N']],
    ]);
    for (const variable of listAt(file, 'workflow', 'conversation_variables'))
      expect(textAt(variable, 'id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('edges have ids that differ, their handles, and the container they lie in', () => {
    const edges = listAt(valueOf(exportFlow(definitionOf(SMALL))), 'workflow', 'graph', 'edges');
    expect(new Set(edges.map((edge) => textAt(edge, 'id'))).size).toBe(edges.length);
    expect(edges.map((edge) => [textAt(edge, 'source'), textAt(edge, 'sourceHandle'), textAt(edge, 'data', 'targetType')])).toEqual([
      ['start', 'source', 'iteration'],
      ['each', 'source', 'end'],
    ]);
  });
});

describe('positions', () => {
  const positionsOf = (text: string): readonly (readonly [string, Value])[] =>
    definitionOf(text).nodes.map(({ id, layout }) => {
      const value = decodeValue(layout);
      const position = isObject(value) ? (value.get('position') ?? null) : null;
      return [id, isObject(position) ? [position.get('x') ?? null, position.get('y') ?? null] : null];
    });

  it('come from the distance to the start where the file has none', () => {
    const node = (id: string) => ({ id, type: 'template-transform', template: '' });
    const text = dslText([startNode(), node('a'), node('b'), node('c')], ['start -> a', 'start -> b', 'a -> c', 'b -> c']);
    expect(positionsOf(text)).toEqual([
      ['start', [80, 282]],
      ['a', [384, 282]],
      ['b', [384, 422]],
      ['c', [688, 282]],
    ]);
  });

  it('come with a shape', () => {
    const text =
      'app: {name: t}\nworkflow: {graph: {nodes: [{id: s, data: {type: start}}, {id: l, data: {type: loop}}, {id: ls, parentId: l, data: {type: loop-start}}]}}';
    const shapes = definitionOf(text).nodes.map(({ layout }) => textAt(decodeValue(layout), 'type'));
    expect(shapes).toEqual(['custom', 'custom', 'custom-loop-start']);
  });

  it('of the file are kept', () => {
    const text = `app: {name: t, mode: workflow}
workflow:
  graph:
    nodes:
    - {id: s, position: {x: 7, y: 9.5}, data: {type: start, title: s}}
    - {id: e, data: {type: end, title: e}}
    edges: [{source: s, target: e}, {source: e, target: s}]
`;
    expect(positionsOf(text).map(([, position]) => position)).toEqual([
      [7, 9.5],
      [80, 422],
    ]);
  });
});
