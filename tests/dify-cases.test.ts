import { describe, expect, it } from 'vitest';
import { difyEvents, importFlow, renderText, type Plan } from '../flow/index.ts';
import { dslText, flowOf, startNode, type TestEdge, type TestNode } from '../flow/testing/dsl.ts';
import { drive, fail, outcomeOf, succeed, type Answer, type Driven, answerPins } from '../flow/testing/drive.ts';
import {
  decodeValue,
  encodeValue,
  isObject,
  parseJson,
  sameValue,
  toJsonText,
  type EffectRequest,
  type EffectResult,
  type JsonObject,
  type Pin,
  type Value,
} from '../schemas/index.ts';
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

/** What the steps of the iteration rows return as `r`. */
const STEPS: Readonly<Record<string, { readonly type: string; readonly result: (index: Value, item: Value) => Value }>> = {
  'r = "<index>:<item>"': { type: 'string', result: (index, item) => `${renderText(index)}:${renderText(item)}` },
  'r=[item,item]': { type: 'array[number]', result: (_, item) => [item, item] },
  'r=[item] for 0 else null': { type: 'array[number]', result: (index, item) => (index === 0 ? [item] : null) },
  'r=[item]; index 1 fails': { type: 'array[string]', result: (_, item) => [item] },
};

/** A value as the JSON text of a flow has it: floats stay floats. */
const plainOf = (value: Value): unknown => JSON.parse(toJsonText(value)) as unknown;

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
  const http = (extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
    id: 'h',
    type: 'http-request',
    method: 'get',
    url: 'http://h.example/',
    ...extra,
  });
  const branchEdges: readonly TestEdge[] = ['start -> h', 'h:source -> ok', 'h:fail-branch -> bad'];
  const branchEnds = [
    end('ok', { ok: ['h', 'body'] }),
    end('bad', { error_message: ['h', 'error_message'], error_type: ['h', 'error_type'] }),
  ];

  it.each(list(get(tables, 'list_operator')).map((item, i) => [i, item] as const))('list_operator row %i', (_, item) => {
    const given = get(item, 'input') ?? null;
    const settings = Object.fromEntries(
      ['filter_by', 'extract_by', 'order_by', 'limit'].flatMap((name) => {
        const setting = get(item, name) ?? get(get(item, 'settings'), name);
        return setting === undefined ? [] : [[name, plainOf(setting)]];
      }),
    );
    const source = dslText(
      [
        { id: 'start', type: 'start', variables: [{ variable: 'a', label: 'a', type: 'json_object', required: false }] },
        { id: 'lo', type: 'list-operator', variable: ['start', 'a'], ...settings },
        end('end', { result: ['lo', 'result'], first_record: ['lo', 'first_record'], last_record: ['lo', 'last_record'] }),
      ],
      ['start -> lo', 'lo -> end'],
    );
    const imported = importFlow(source);
    if (!imported.ok) return expect(get(item, 'status'), imported.message).toBeUndefined();
    expectRow(drive(imported.flow.plan, { inputs: new Map([['a', given]]) }), item);
  });

  it.each(list(get(tables, 'iteration')).map((item, i) => [i, item] as const))('iteration row %i', (_, item) => {
    const settings = Object.fromEntries(
      ['error_handle_mode', 'is_parallel', 'parallel_nums', 'flatten_output'].flatMap((name) => {
        const setting = get(item, name);
        return setting === undefined ? [] : [[name, plainOf(setting)]];
      }),
    );
    const { plan } = flowOf(
      [
        { id: 'start', type: 'start', variables: [{ variable: 'a', label: 'a', type: 'json_object', required: false }] },
        { id: 'it', type: 'iteration', iterator_selector: ['start', 'a'], output_selector: ['s', 'r'], start_node_id: 'b', ...settings },
        { id: 'b', type: 'iteration-start', parentId: 'it' },
        {
          id: 's',
          type: 'code',
          parentId: 'it',
          code_language: 'javascript',
          code: 'the test is the sandbox',
          variables: ['index', 'item'].map((variable) => ({ variable, value_selector: ['it', variable] })),
          outputs: { r: { type: STEPS[text(get(item, 'step'))]?.type ?? 'string' } },
        },
        end('end', { o: ['it', 'output'] }),
      ],
      ['start -> it', 'b -> s', 'it -> end'],
    );
    const step = STEPS[text(get(item, 'step'))];
    expect(step, `the test knows the step ${text(get(item, 'step'))}`).toBeDefined();
    const answer: Answer = ({ request }) => {
      const inputs = request.kind === 'code' ? decodeValue(request.inputs) : null;
      const [index, value] = [get(inputs, 'index') ?? null, get(inputs, 'item') ?? null];
      if (list(get(item, 'fail')).includes(index)) return fail(`boom ${renderText(index)}`);
      return succeed({ result: new Map([['r', step?.result(index, value) ?? null]]) });
    };
    for (let i = 0; i < 5; i++)
      expectRow(drive(plan, { inputs: new Map([['a', get(item, 'items') ?? null]]), answer, next: (waiting) => (i * 7) % waiting }), item);
  });

  it.each(list(get(tables, 'loop')).map((item) => [text(get(item, 'case')), item] as const))('loop: %s', (_, item) => {
    const [loop_count, break_conditions, loop_variables, items] = [
      'loop_count',
      'break_conditions',
      'loop_variables',
      'assigner_items',
    ].map((name) => plainOf(get(item, name) ?? null));
    const source = dslText(
      [
        startNode(),
        { id: 'lp', type: 'loop', loop_count, break_conditions, loop_variables, start_node_id: 'b' },
        { id: 'b', type: 'loop-start', parentId: 'lp' },
        { id: 'add', type: 'assigner', version: '2', parentId: 'lp', items },
        end('end', { x: ['lp', 'x'], loop_round: ['lp', 'loop_round'] }),
      ],
      ['start -> lp', 'b -> add', 'lp -> end'],
    );
    const imported = importFlow(source);
    if (!imported.ok) return expect(get(item, 'status'), imported.message).toBeUndefined();
    expectRow(drive(imported.flow.plan), item);
  });

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
        { id: 'x', type: 'http-request', method: 'get', url: 'http://x.example/' },
        { id: 'y', type: 'http-request', method: 'get', url: 'http://y.example/' },
        end('e1', { o: ['x', 'n'] }),
        end('e2', { o: ['y', 'n'], p: ['y', 'n'] }),
      ],
      ['start -> x', 'start -> y', 'x -> e1', 'y -> e2'],
    );
    expectRow(drive(plan, { pins: { x: { outputs: { n: 1 } }, y: { outputs: { n: 2 } } } }), row('two ends run'));
  });
});

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
      // A text instead of outputs is a formula: the node runs.
      if (!isObject(mock) || typeof mock.get('outputs') === 'string') return [];
      const error = mock.get('error');
      if (typeof error === 'string') return [[name, { error }]];
      return [[name, { outputs: encodeValue(mock.get('outputs') ?? new Map<string, Value>()) }]];
    }),
  );
}

/** What the two code nodes of these files that are not pinned do: a list they hold, and one made of their input. */
function steps({ code, inputs }: Extract<EffectRequest, { kind: 'code' }>): EffectResult {
  const arg = get(decodeValue(inputs), 'arg1');
  if (typeof arg === 'number') return succeed({ result: new Map([['result', [arg, arg * 2]]]) });
  const parsed = parseJson(/"result": (\[[^\]]*\])/.exec(code)?.[1] ?? '');
  return parsed.ok ? succeed({ result: new Map([['result', parsed.value]]) }) : fail(`the test does not know this code: ${code}`);
}

function driveCase(plan: Plan, item: Value): Driven {
  const inputs = get(item, 'inputs');
  return drive(plan, {
    answer: (effect) => (effect.request.kind === 'code' ? steps(effect.request) : answerPins(effect)),
    inputs: inputs !== undefined && isObject(inputs) ? inputs : new Map(),
    system: new Map<string, Value>([
      ['query', text(get(item, 'query'))],
      ['files', []],
    ]),
    pins: pinsOf(get(item, 'mocks') ?? null),
  });
}

/** The text that a case says its stream is, where it does. */
function chunksOf(item: Value): string | undefined {
  for (const line of list(get(item, 'asserts'))) {
    const quoted = /^concat\(chunks\) ?== ?(".*")$/.exec(text(line))?.[1];
    if (quoted !== undefined) return String(JSON.parse(quoted));
  }
  return undefined;
}

describe.runIf(hasShared)(`real Dify files${needsShared}`, () => {
  const runnable = flowCases.flatMap((item) => {
    const file = text(get(item, 'fixture'));
    const imported = importFlow(patched(sharedText(`cases/dify-flows/${file}`), get(item, 'fixture_patch') ?? null));
    if (!imported.ok) return [];
    return [{ name: `${file} ${text(get(item, 'name'))}`, item, plan: imported.flow.plan }];
  });

  it('there are some', () => expect(runnable.length).toBeGreaterThan(5));

  it.each(runnable)('$name', ({ item, plan }) => {
    const driven = driveCase(plan, item);
    const outcome = outcomeOf(driven);
    expect(outcome.status, String(outcome.error)).toBe(text(get(item, 'expected_status')));
    const expected = get(item, 'expected_outputs');
    if (expected === undefined || !isObject(expected)) return;
    for (const [name, value] of expected) expect(sameValue(get(outcome.outputs, name) ?? null, value), `output ${name}`).toBe(true);
    if (text(get(item, 'expected_outputs_match')) === 'exact-keys')
      expect(outcome.outputs instanceof Map ? sorted(outcome.outputs.keys()) : []).toEqual(sorted(expected.keys()));
  });

  it.each(runnable.filter(({ item }) => chunksOf(item) !== undefined))('$name streams its text in order', ({ item, plan }) => {
    const stream = difyEvents(plan);
    const driven = driveCase(plan, item);
    const said = driven.events.flatMap((event) => stream.event(event)).filter((event) => event.get('event') === 'message');
    expect(said.map((event) => text(event.get('answer'))).join('')).toBe(chunksOf(item));
  });
});
