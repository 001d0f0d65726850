import { describe, expect, it } from 'vitest';
import { importFlow, inspectFlow } from './import-flow.ts';
import { dslText, flowOf, startNode } from '../testing/dsl.ts';

const file = (workflow: string, head = 'version: "0.6.0"\nkind: app\napp: {name: t, mode: workflow}'): string =>
  `${head}\nworkflow:\n${workflow}`;
const GRAPH = `  graph:
    nodes:
    - id: '1'
      type: custom
      position: {x: 80, y: 282}
      data: {type: start, title: Start, variables: []}
    - id: '2'
      type: custom
      data: {type: end, title: End, outputs: []}
    edges:
    - {source: '1', target: '2', sourceHandle: source}
`;

function messageOf(text: string): string {
  const imported = importFlow(text);
  return imported.ok ? `imported: ${imported.flow.warnings.join('; ')}` : imported.message;
}

describe('files that cannot be imported say why in one sentence', () => {
  const start = (id: string): string => `    - {id: '${id}', data: {type: start, title: s}}`;
  it.each<readonly [string, string, RegExp]>([
    ['no YAML', 'a: [1, 2', /not valid YAML: .*line 1/],
    ['a key twice', 'app: {name: a, name: b}', /not valid YAML: .*unique.*line 1/i],
    ['a list', '- 1\n- 2', /mapping with "app" and "workflow"/],
    ['empty', '', /mapping with "app" and "workflow"/],
    ['no app', 'version: "0.6.0"\nworkflow: {}', /no "app" section/],
    ['a number as version', file(GRAPH, 'version: 0.6\napp: {name: t, mode: workflow}'), /version: .*text/],
    [
      'a chat app without anything',
      'version: "0.6.0"\napp: {name: t, mode: agent-chat}',
      /no "workflow" section.*"model_config".*agent-chat/,
    ],
    ['a workflow that is no mapping', 'version: "0.6.0"\napp: {name: t}\nworkflow: 7', /^workflow: a mapping was expected/],
    ['a graph that is no mapping', file('  graph: 7\n'), /^workflow\.graph: a mapping with "nodes" and "edges" was expected/],
    ['nested too deep for the reader', `app: {}\nworkflow: ${'['.repeat(50_000)}`, /not valid YAML/],
    ['a knowledge pipeline', file(GRAPH, 'kind: rag_pipeline\napp: {name: t, mode: workflow}'), /knowledge pipeline/],
    ['no start', file('  graph:\n    nodes:\n    - {id: a, data: {type: end, title: e}}\n    edges: []'), /no start node/],
    ['two starts', file(`  graph:\n    nodes:\n${start('a')}\n${start('b')}\n    edges: []`), /2 start nodes \(a, b\)/],
    ['two nodes of one id', file(`  graph:\n    nodes:\n${start('a')}\n${start('a')}\n    edges: []`), /two nodes have the id "a"/],
    [
      'an edge into nothing',
      file(`  graph:\n    nodes:\n${start('a')}\n    edges: [{source: a, target: zzz}]`),
      /names the node "zzz", which does not exist/,
    ],
    ['nodes that are no list', file('  graph: {nodes: 7, edges: []}'), /workflow\.graph\.nodes/],
    ['a node without data', file('  graph: {nodes: [{id: a}], edges: []}'), /workflow\.graph\.nodes\[0\]\.data/],
  ])('%s', (_, text, expected) => {
    expect(messageOf(text)).toMatch(expected);
    expect(messageOf(text)).not.toContain('\n');
  });

  it('a cycle names a node on it', () => {
    const template = (id: string) => ({ id, type: 'template-transform', template: '' });
    expect(messageOf(dslText([startNode(), template('a'), template('b')], ['start -> a', 'a -> b', 'b -> a']))).toMatch(
      /cycle through node "[ab]"/,
    );
  });

  it('broken node data names the node and the field', () => {
    expect(messageOf(dslText([startNode(), { id: 'q', type: 'question-classifier', title: 'Which?' }], ['start -> q']))).toMatch(
      /node "Which\?" \(q\): query_variable_selector/,
    );
  });

  it('a file full of aliases is refused instead of growing', () => {
    const bomb = `a: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefghi'
      .split('')
      .map((key, i) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[i] ?? 'a'}`).join(',')}]`)
      .join('\n')}\napp: {}`;
    expect(messageOf(bomb)).toMatch(/not valid YAML/);
  });

  it('deep nesting is refused', () => {
    expect(messageOf(`app: ${'['.repeat(200)}${']'.repeat(200)}`)).toMatch(/not valid YAML/);
  });
});

describe('what the file says is kept', () => {
  it('old files without version and kind are imported', () => {
    const imported = importFlow(file(GRAPH, 'app: {name: old, mode: workflow}'));
    expect(imported.ok && imported.flow.definition).toMatchObject({ name: 'old', dslVersion: '0.1.0', mode: 'workflow' });
  });

  it('a newer DSL version is a warning, not an error', () => {
    expect(messageOf(file(GRAPH, 'version: "0.9.1"\napp: {name: t, mode: workflow}'))).toMatch(/^imported: .*0\.9\.1 is newer/);
  });

  it('yes, no, on and off are booleans, and y and n are not, as PyYAML reads them', () => {
    const imported = importFlow(`${file(GRAPH)}  features: {a: yes, b: OFF, c: y, on: n, d: "no"}`);
    expect(imported.ok && imported.flow.definition.features).toEqual({ a: true, b: false, c: 'y', on: 'n', d: 'no' });
  });

  it('integers and floats stay apart, and large integers exact', () => {
    const imported = importFlow(`${file(GRAPH)}  features: {i: 2, f: 2.0, big: 9007199254740993}`);
    expect(imported.ok && imported.flow.definition.features).toEqual({ i: 2, f: { $float: 2 }, big: { $int: '9007199254740993' } });
  });

  it('notes are no nodes, and unknown keys are tolerated everywhere', () => {
    const imported = importFlow(
      dslText(
        [startNode(), { id: 'n', type: '', text: 'a note' }, { id: 'end', type: 'end', outputs: [], some_new_field: [1] }],
        ['start -> end'],
      ),
    );
    expect(imported.ok && imported.flow.definition.notes.map((note) => note.id)).toEqual(['n']);
    expect(imported.ok && imported.flow.plan.nodes.map((node) => node.id)).toEqual(['start', 'end']);
  });

  it('secret values are left out, with a warning that says how to set them', () => {
    const imported = importFlow(
      dslText([startNode()], [], {
        environment: [
          { name: 'API_KEY', value_type: 'secret', value: 'sk-123' },
          { name: 'PLAIN', value_type: 'string', value: 'x' },
        ],
      }),
    );
    if (!imported.ok) throw new Error(imported.message);
    expect(JSON.stringify(imported.flow)).not.toContain('sk-123');
    expect(imported.flow.warnings.join()).toContain('RISKFLOW_SECRET_API_KEY');
    expect(imported.flow.plan.environment).toEqual({ API_KEY: { secret: 'API_KEY' }, PLAIN: { value: 'x' } });
  });

  it('nodes that the start does not reach are left out with a warning', () => {
    const { plan, warnings } = flowOf(
      [startNode(), { id: 'lost', type: 'end', outputs: [] }, { id: 'end', type: 'end', outputs: [] }],
      ['start -> end', 'lost -> end'],
    );
    expect(plan.nodes.map((node) => node.id)).toEqual(['start', 'end']);
    expect(warnings.join()).toMatch(/"lost".*not connected/);
  });

  it('the version is the hash of the content, whatever the order of keys in the file', () => {
    const a = importFlow(file(GRAPH));
    const b = importFlow(
      JSON.stringify({
        workflow: {
          graph: {
            edges: [{ target: '2', source: '1', sourceHandle: 'source' }],
            nodes: [
              { data: { variables: [], title: 'Start', type: 'start' }, position: { y: 282, x: 80 }, type: 'custom', id: '1' },
              { data: { outputs: [], type: 'end', title: 'End' }, id: '2', type: 'custom' },
            ],
          },
        },
        app: { mode: 'workflow', name: 't' },
        kind: 'app',
        version: '0.6.0',
      }),
    );
    expect(a.ok && b.ok && a.flow.version === b.flow.version).toBe(true);
  });
});

describe('a file with several faults', () => {
  const broken = dslText(
    [
      startNode('s'),
      { id: 'q', type: 'question-classifier', title: 'Which?' },
      { id: 't', type: 'template-transform', title: 'Say', template: '{{ a|nope }}', variables: [] },
      { id: 'x', type: 'from-the-future' },
      { id: 'a', type: 'answer', answer: '{{#ghost.x#}}' },
    ],
    ['start -> q', 'q:1 -> t', 'start -> x', 'start -> a'],
  );

  it('has an issue for each, at its node, and what is right is looked at all the same', () => {
    const { definition, flow, issues } = inspectFlow(broken);
    expect(flow).toBeNull();
    expect(definition?.nodes.map(({ id }) => id)).toEqual(['start', 'q', 't', 'x', 'a']);
    const byNode = issues.map(({ nodeId, severity, message }) => [nodeId, severity, message.replace(/[:;].*/s, '')]);
    expect(byNode).toContainEqual(['q', 'error', 'query_variable_selector']);
    expect(byNode.filter(([nodeId, severity]) => nodeId === 't' && severity === 'error')).toHaveLength(1);
    expect(byNode.filter(([nodeId, severity]) => nodeId === 'x' && severity === 'warning')).toHaveLength(1);
  });

  it('is refused with the first in one sentence that says how many more there are', () => {
    const imported = importFlow(broken);
    expect(imported.ok ? '' : imported.message).toMatch(
      /^node "Which\?" \(q\): query_variable_selector: .* \(and 1 more: flow validate lists them\)$/,
    );
  });

  it('nodes and edges that cannot be read are left out of what is looked at', () => {
    const { definition, issues } = inspectFlow(
      file(`  graph:
    nodes: [7, {id: a}, {id: s, data: {type: start, title: s}}, {id: e, data: {type: end, title: 5}}]
    edges: [{source: s}, null, {source: s, target: e}]
  environment_variables: [{value: 1}]
`),
    );
    expect(definition?.nodes.map(({ id }) => id)).toEqual(['s']);
    expect(issues.filter(({ severity }) => severity === 'error').map(({ nodeId, message }) => [nodeId, message.split(': ')[0]])).toEqual([
      [null, 'workflow.graph.edges[0].target'],
      [null, 'workflow.graph.edges[1]'],
      [null, 'workflow.graph.nodes[0]'],
      ['a', 'workflow.graph.nodes[1].data'],
      ['e', 'workflow.graph.nodes[3].data.title'],
      [null, 'workflow.environment_variables[0].name'],
      [null, 'an edge from "s" to "e" names the node "e", which does not exist'],
    ]);
  });
});

describe('what encloses a node', () => {
  const inner = (own: string): string => `  graph:
    nodes:
    - {id: s, data: {type: start, title: s}}
    - {id: it, data: {type: iteration, title: it, iterator_selector: [s, x], output_selector: [c, output], start_node_id: c}}
    - {id: c, ${own}}
    edges: [{source: s, target: it}, {source: c, target: d, data: {isInIteration: true, iteration_id: it}}]
`;
  const parentOf = (text: string, id: string): string | null | undefined =>
    inspectFlow(text).definition?.nodes.find((node) => node.id === id)?.parentId;

  it.each([
    ['parentId', 'parentId: it, data: {type: template-transform, title: c}'],
    ['data.iteration_id', 'data: {type: template-transform, title: c, iteration_id: it}'],
    ['data.loop_id', 'data: {type: template-transform, title: c, loop_id: it}'],
    ['an edge within it only', 'data: {type: template-transform, title: c}'],
  ])('is told by %s', (_, own) => expect(parentOf(file(inner(own)), 'c')).toBe('it'));

  it('is never the node itself', () => {
    expect(
      parentOf(file(inner('data: {type: iteration, title: c, iteration_id: c}').replace('iteration_id: it}}', 'iteration_id: ""}}')), 'c'),
    ).toBeNull();
  });
});

describe('warnings about variables', () => {
  it('a selector that names no node', () => {
    const { warnings } = flowOf(
      [startNode(), { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['ghost', 'x'] }] }],
      ['start -> end'],
    );
    expect(warnings).toEqual(['node "end": it reads {{#ghost.x#}}, but there is no node "ghost"']);
  });
  it.each<readonly [string, readonly string[], readonly string[], string | null]>([
    ['nothing to go through', [], ['t', 'output'], 'it goes through no variable (iterator_selector)'],
    ['nothing to collect', ['start', 'a'], [], 'it collects no variable (output_selector)'],
    ['what no node within gives', ['start', 'a'], ['ghost', 'x'], 'what it collects (output_selector ghost.x) is of no node within it'],
    ['what a node outside gives', ['start', 'a'], ['start', 'a'], 'what it collects (output_selector start.a) is of no node within it'],
    ['what a node within gives', ['start', 'a'], ['t', 'output'], null],
    ['the item itself', ['start', 'a'], ['it', 'item'], null],
  ])('an iteration with %s', (_, iterator_selector, output_selector, wanted) => {
    const { warnings } = flowOf(
      [
        startNode('a'),
        { id: 'it', type: 'iteration', iterator_selector, output_selector, start_node_id: 's' },
        { id: 's', type: 'iteration-start', parentId: 'it' },
        { id: 't', type: 'template-transform', parentId: 'it', template: 'x', variables: [] },
      ],
      ['start -> it', 's -> t'],
    );
    expect(warnings).toEqual(wanted === null ? [] : [expect.stringContaining(wanted)]);
  });
  it('the schema of an input, which nobody checks', () => {
    const variable = { variable: 'j', label: 'j', type: 'json_object', required: false };
    const told = (json_schema: unknown) =>
      flowOf(
        [
          { ...startNode(), variables: [{ ...variable, json_schema }] },
          { id: 'end', type: 'end', outputs: [] },
        ],
        ['start -> end'],
      ).warnings;
    expect(told({ type: 'object' })).toEqual(['node "start": the schema of the input "j" (json_schema) is not checked here']);
    expect([told(null), told(''), told({})]).toEqual([[], [], []]);
  });
  it('literal text that equals a variable, which Dify replaces', () => {
    const { warnings } = flowOf([startNode('s'), { id: 'a', type: 'answer', answer: 'start.s' }], ['start -> a'], {
      mode: 'advanced-chat',
    });
    expect(warnings.join()).toMatch(/plain text "start\.s" equals the name of a variable/);
  });
  it('an operator that does not exist', () => {
    const { warnings } = flowOf(
      [
        startNode('s'),
        {
          id: 'if',
          type: 'if-else',
          cases: [{ case_id: 'x', conditions: [{ variable_selector: ['start', 's'], comparison_operator: 'resembles', value: '' }] }],
        },
      ],
      ['start -> if'],
    );
    expect(warnings.join()).toMatch(/unknown comparison operator "resembles"/);
  });
});
