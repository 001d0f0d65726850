import { describe, expect, it } from 'vitest';
import { importFlow } from '../flow/index.ts';
import { flowOf, startNode, type TestEdge, type TestNode } from '../flow/testing/dsl.ts';
import { drive, outcomeOf, type Driven } from '../flow/testing/drive.ts';
import { encodeValue, isObject, parseJson, sameValue, type JsonObject, type Pin, type Value } from '../schemas/index.ts';
import { hasShared, needsShared, sharedText } from './shared-data.ts';

const get = (value: Value | undefined, ...path: readonly string[]): Value | undefined =>
  path.reduce<Value | undefined>((inner, key) => (inner !== undefined && isObject(inner) ? inner.get(key) : undefined), value);
const list = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? (value as readonly Value[]) : []);
const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted((a, b) => (a < b ? -1 : 1));
const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

function read(path: string): Value {
  if (!hasShared) return new Map();
  const parsed = parseJson(sharedText(path));
  if (!parsed.ok) throw new Error(`${path}: ${parsed.error.message}`);
  return parsed.value;
}

const STATUS: Readonly<Record<string, string>> = {
  GraphRunSucceededEvent: 'succeeded',
  GraphRunPartialSucceededEvent: 'partial-succeeded',
  GraphRunFailedEvent: 'failed',
};

/** Compares status, exceptions and outputs; an expected null stands for a variable that was absent or null. */
function expectRow(driven: Driven, row: Value): void {
  const outcome = outcomeOf(driven);
  expect(outcome.status).toBe(STATUS[text(get(row, 'status'))]);
  expect(outcome.exceptions).toBe(get(row, 'exceptions_count'));
  const expected = get(row, 'outputs') ?? null;
  if (!isObject(expected)) {
    expect(outcome.outputs).toBeNull();
    return;
  }
  for (const [name, value] of expected) expect(sameValue(get(outcome.outputs, name) ?? null, value), `output ${name}`).toBe(true);
  expect(outcome.outputs instanceof Map ? sorted(outcome.outputs.keys()) : []).toEqual(sorted(expected.keys()));
}

const end = (id: string, outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({
  id,
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});

const tables = read('cases/node_tables.json');

describe.runIf(hasShared)(`observed rows of node_tables.json${needsShared}`, () => {
  it.each(list(get(tables, 'variable_aggregator')).map((row, i) => [i, row] as const))('variable_aggregator row %i', (_, row) => {
    const variables = list(get(row, 'variables')).map((name) => ['start', text(name)]);
    const { plan } = flowOf(
      [{ ...startNode('a', 'b') }, { id: 'agg', type: 'variable-aggregator', variables }, end('end', { o: ['agg', 'output'] })],
      ['start -> agg', 'agg -> end'],
    );
    const given = get(row, 'inputs');
    expectRow(drive(plan, { inputs: given !== undefined && isObject(given) ? given : new Map() }), row);
  });

  const errors = list(get(tables, 'error_strategy_and_ends'));
  const row = (name: string): Value => errors.find((item) => text(get(item, 'case')).startsWith(name)) ?? null;
  const pinned = { fails: { error: 'boom', errorType: 'MockError' }, works: { outputs: { body: 'fine' } } } as const satisfies Record<
    string,
    Pin
  >;
  const http = (extra: Readonly<Record<string, unknown>> = {}): TestNode => ({ id: 'h', type: 'http-request', ...extra });
  const branchEdges: readonly TestEdge[] = ['start -> h', 'h:source -> ok', 'h:fail-branch -> bad'];
  const branchEnds = [
    end('ok', { ok: ['h', 'body'] }),
    end('bad', { error_message: ['h', 'error_message'], error_type: ['h', 'error_type'] }),
  ];

  it('has the four rows this file knows', () => expect(errors).toHaveLength(4));
  it('fail-branch; node fails', () => {
    const { plan } = flowOf([startNode(), http({ error_strategy: 'fail-branch' }), ...branchEnds], branchEdges);
    expectRow(drive(plan, { pins: { h: pinned.fails } }), row('fail-branch; node fails'));
  });
  it('fail-branch; node succeeds', () => {
    const { plan } = flowOf([startNode(), http({ error_strategy: 'fail-branch' }), ...branchEnds], branchEdges);
    expectRow(drive(plan, { pins: { h: pinned.works } }), row('fail-branch; node succeeds'));
  });
  it('no strategy; node fails', () => {
    const { plan } = flowOf([startNode(), http(), end('end', { o: ['h', 'body'] })], ['start -> h', 'h -> end']);
    const driven = drive(plan, { pins: { h: pinned.fails } });
    expectRow(driven, row('no strategy; node fails'));
    expect(outcomeOf(driven).error).toContain('boom');
  });
  it('two ends run: the later one wins', () => {
    const { plan } = flowOf(
      [
        startNode(),
        { id: 'x', type: 'http-request' },
        { id: 'y', type: 'http-request' },
        end('e1', { o: ['x', 'n'] }),
        end('e2', { o: ['y', 'n'], p: ['y', 'n'] }),
      ],
      ['start -> x', 'start -> y', 'x -> e1', 'y -> e2'],
    );
    expectRow(drive(plan, { pins: { x: { outputs: { n: 1 } }, y: { outputs: { n: 2 } } } }), row('two ends run'));
  });
});

const SUPPORTED = new Set([
  'start',
  'end',
  'answer',
  'if-else',
  'template-transform',
  'llm',
  'question-classifier',
  'variable-aggregator',
  'variable-assigner',
]);
const flowCases = list(get(read('cases/dify-flows/expected.json'), 'cases'));

function patched(source: string, patch: Value): string {
  if (!isObject(patch)) return source;
  const imported = importFlow(source);
  if (!imported.ok) throw new Error(imported.message);
  // A patch names a node and the data to change: rebuild the file from what was imported.
  const { definition } = imported.flow;
  const nodes = definition.nodes.map((node) => {
    const change = get(patch, `node ${node.id} data`);
    const data = typeof node.data === 'object' && node.data !== null && !Array.isArray(node.data) ? (node.data as JsonObject) : {};
    return {
      id: node.id,
      type: 'custom',
      data: { ...data, ...(change !== undefined && isObject(change) ? (encodeValue(change) as object) : {}) },
    };
  });
  const edges = definition.edges.map((edge) => ({ source: edge.source, target: edge.target, sourceHandle: edge.handle }));
  return JSON.stringify({
    version: '0.6.0',
    kind: 'app',
    app: { name: definition.name, mode: definition.mode },
    workflow: { graph: { nodes, edges }, features: {} },
  });
}

function pinsOf(mocks: Value): Readonly<Record<string, Pin>> {
  if (!isObject(mocks)) return {};
  return Object.fromEntries(
    [...mocks].flatMap(([name, mock]): readonly (readonly [string, Pin])[] => {
      if (!isObject(mock)) return [];
      const error = mock.get('error');
      if (typeof error === 'string') return [[name, { error }]];
      return [[name, { outputs: encodeValue(mock.get('outputs') ?? new Map<string, Value>()) }]];
    }),
  );
}

describe.runIf(hasShared)(`real Dify files whose nodes exist${needsShared}`, () => {
  const runnable = flowCases.flatMap((item) => {
    const file = text(get(item, 'fixture'));
    const imported = importFlow(patched(sharedText(`cases/dify-flows/${file}`), get(item, 'fixture_patch') ?? null));
    if (!imported.ok || imported.flow.plan.nodes.some((node) => !SUPPORTED.has(node.type))) return [];
    return [{ name: `${file} ${text(get(item, 'name'))}`, item, plan: imported.flow.plan }];
  });

  it('there are some', () => expect(runnable.length).toBeGreaterThan(5));

  it.each(runnable)('$name', ({ item, plan }) => {
    const inputs = get(item, 'inputs');
    const query = text(get(item, 'query'));
    const driven = drive(plan, {
      inputs: inputs !== undefined && isObject(inputs) ? inputs : new Map(),
      system: new Map<string, Value>([
        ['query', query],
        ['files', []],
      ]),
      pins: pinsOf(get(item, 'mocks') ?? null),
    });
    const outcome = outcomeOf(driven);
    expect(outcome.status).toBe(text(get(item, 'expected_status')));
    const expected = get(item, 'expected_outputs');
    if (expected === undefined || !isObject(expected)) return;
    for (const [name, value] of expected) expect(sameValue(get(outcome.outputs, name) ?? null, value), `output ${name}`).toBe(true);
    if (text(get(item, 'expected_outputs_match')) === 'exact-keys')
      expect(outcome.outputs instanceof Map ? sorted(outcome.outputs.keys()) : []).toEqual(sorted(expected.keys()));
  });
});
