import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerPath, Effect, EffectResult, RunEvent, Value } from '../../schemas/core.ts';
import { advance, evolve, initialState } from '../core.ts';
import { flowOf, startNode, type TestNode } from '../testing/dsl.ts';
import { drive, fail, outcomeOf, startedEvent, succeed } from '../testing/drive.ts';
import type { Plan } from '../plan/plan.ts';

type Extra = Readonly<Record<string, unknown>>;
const end = (outputs: Readonly<Record<string, readonly string[]>>, id = 'end'): TestNode => ({
  id,
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});
const items = (...names: readonly string[]): TestNode => ({
  ...startNode(),
  variables: names.map((variable) => ({ variable, label: variable, type: 'json_object', required: false })),
});
const llm = (id: string, text: string, extra: Extra = {}): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text: `${id} ${text}` }],
  ...extra,
});
const iteration = (id: string, of: readonly string[], output: readonly string[], extra: Extra = {}): readonly TestNode[] => [
  { id, type: 'iteration', iterator_selector: of, output_selector: output, start_node_id: `${id}start`, ...extra },
  { id: `${id}start`, type: 'iteration-start', parentId: id },
];
const loop = (id: string, extra: Extra = {}): readonly TestNode[] => [
  { id, type: 'loop', loop_count: 2, start_node_id: `${id}start`, loop_variables: [], break_conditions: [], ...extra },
  { id: `${id}start`, type: 'loop-start', parentId: id },
];

/** Answers with the question; fails where the question says so. */
const echo = ({ request }: Effect): EffectResult => {
  const content = request.kind === 'llm' ? request.messages[0]?.content : '';
  const text = typeof content === 'string' ? content : '';
  return text.includes('bad') ? fail(`no answer for ${text}`) : succeed({ text });
};
const placeOf = ({ nodeId, path }: { readonly nodeId: string; readonly path: ContainerPath }): string =>
  [...path.map(([id, pass]) => `${id}[${pass}]`), nodeId].join('/');
const linesOf = (events: readonly RunEvent[], type: RunEvent['type']): readonly string[] =>
  events.flatMap((event) => (event.type === type && 'nodeId' in event.data ? [placeOf(event.data)] : []));

/** What began in a pass, or deeper within it, after the pass had failed or ended early. */
function begunTooLate(events: readonly RunEvent[]): readonly string[] {
  const over: ContainerPath[] = [];
  const late: string[] = [];
  const isOver = (path: ContainerPath): boolean =>
    over.some((gone) => gone.length <= path.length && gone.every(([id, pass], i) => path[i]?.[0] === id && path[i][1] === pass));
  for (const { type, data } of events) {
    const begins = type === 'NodeStarted' || type === 'ContainerStarted' || (type === 'NodeFinished' && data.inputs !== null);
    if (begins && isOver(data.path)) late.push(placeOf(data));
    if (type === 'PassStarted' && isOver(data.path)) late.push(`${placeOf(data)} pass ${data.pass}`);
    if (type === 'NodeFinished' && data.path.length > 0 && (data.status === 'failed' || data.nodeId === 'stop')) over.push(data.path);
  }
  return late;
}

describe('a pass that is left', () => {
  const beside = (extra: Extra = {}): Plan =>
    flowOf(
      [
        items('a'),
        ...iteration('it', ['start', 'a'], ['lp', 'loop_round'], { error_handle_mode: 'continue-on-error' }),
        ...loop('lp', { parentId: 'it', ...extra }),
        llm('one', 'x', { parentId: 'lp' }),
        llm('two', 'x', { parentId: 'lp' }),
        llm('side', '{{#it.item#}}', { parentId: 'it' }),
        end({ o: ['it', 'output'] }),
      ],
      ['start -> it', 'itstart -> lp', 'itstart -> side', 'lpstart -> one', 'one -> two', 'it -> end'],
    ).plan;

  it('starts nothing more in what is within it, and waits for what is under way there', () => {
    // The node beside the loop is asked first, and fails first.
    const driven = drive(beside(), { answer: echo, inputs: new Map([['a', ['bad']]]) });
    expect(linesOf(driven.events, 'NodeStarted')).toEqual(['it[0]/side', 'it[0]/lp[0]/one']);
    expect(linesOf(driven.events, 'NodeFinished')).toEqual(['start', 'it[0]/side', 'it[0]/lp[0]/one', 'it', 'end']);
    expect(outcomeOf(driven)).toMatchObject({ status: 'partial-succeeded', outputs: new Map([['o', [null]]]) });
  });

  it('by a loop-end node leaves a node beside it that is under way: the loop ends once that has', () => {
    const { plan } = flowOf(
      [
        startNode(),
        ...loop('lp', { loop_count: 5 }),
        llm('slow', 'x', { parentId: 'lp' }),
        llm('after', 'x', { parentId: 'lp' }),
        llm('quick', 'x', { parentId: 'lp' }),
        { id: 'stop', type: 'loop-end', parentId: 'lp' },
        end({ rounds: ['lp', 'loop_round'] }),
      ],
      ['start -> lp', 'lpstart -> slow', 'slow -> after', 'lpstart -> quick', 'quick -> stop', 'lp -> end'],
    );
    const driven = drive(plan, { answer: echo, next: (waiting) => waiting - 1 });
    expect(outcomeOf(driven)).toMatchObject({ status: 'succeeded', outputs: new Map([['rounds', 1]]) });
    expect(linesOf(driven.events, 'NodeStarted')).toEqual(['lp[0]/slow', 'lp[0]/quick']);
    expect(linesOf(driven.events, 'NodeFinished')).toEqual(['start', 'lp[0]/quick', 'lp[0]/stop', 'lp[0]/slow', 'lp', 'end']);
  });
});

describe('an iteration or loop that fails', () => {
  const failing = (extra: Extra): Plan =>
    flowOf(
      [
        items('a'),
        ...iteration('it', ['start', 'a'], ['ask', 'text'], extra),
        llm('ask', '{{#it.item#}}', { parentId: 'it' }),
        end({ o: ['it', 'output'] }),
        end({ why: ['it', 'error_message'], type: ['it', 'error_type'] }, 'sorry'),
      ],
      [
        'start -> it',
        'itstart -> ask',
        'it -> end',
        ...(extra['error_strategy'] === 'fail-branch' ? (['it:fail-branch -> sorry'] as const) : []),
      ],
    ).plan;
  const play = (extra: Extra) => drive(failing(extra), { answer: echo, inputs: new Map([['a', ['x', 'bad']]]) });

  it('takes its fail branch', () => {
    expect(outcomeOf(play({ error_strategy: 'fail-branch' }))).toEqual({
      status: 'partial-succeeded',
      outputs: new Map([
        ['why', 'no answer for ask bad'],
        ['type', 'IterationNodeError'],
      ]),
      exceptions: 2,
      error: null,
    });
  });

  it('gives its default values', () => {
    const driven = play({ error_strategy: 'default-value', default_value: [{ key: 'output', type: 'array[string]', value: '["none"]' }] });
    expect(outcomeOf(driven)).toMatchObject({ status: 'partial-succeeded', outputs: new Map([['o', ['none']]]) });
  });

  it('is not tried again as a whole', () => {
    const driven = play({ retry_config: { retry_enabled: true, max_retries: 3, retry_interval: 0 } });
    expect(outcomeOf(driven)).toMatchObject({ status: 'failed', error: 'no answer for ask bad' });
    expect(driven.performed).toHaveLength(2);
  });
});

describe('pins', () => {
  const plan = flowOf(
    [
      items('a'),
      ...iteration('it', ['start', 'a'], ['ask', 'text']),
      llm('ask', '{{#it.item#}}', { parentId: 'it' }),
      end({ o: ['it', 'output'] }),
    ],
    ['start -> it', 'itstart -> ask', 'it -> end'],
  ).plan;
  const inputs = new Map<string, Value>([['a', ['x', 'y']]]);

  it('of a container stand for all that is within it', () => {
    const driven = drive(plan, { inputs, pins: { it: { outputs: { output: ['pinned'] } } } });
    expect(outcomeOf(driven).outputs).toEqual(new Map([['o', ['pinned']]]));
    expect(linesOf(driven.events, 'NodeFinished')).toEqual(['start', 'it', 'end']);
  });

  it('of a node within it hold in every pass', () => {
    expect(outcomeOf(drive(plan, { inputs, pins: { ask: { outputs: { text: 'p' } } } })).outputs).toEqual(new Map([['o', ['p', 'p']]]));
  });

  it('of an error fail a pass', () => {
    expect(outcomeOf(drive(plan, { inputs, pins: { it: { error: 'down' } } }))).toMatchObject({ status: 'failed', error: 'down' });
  });
});

describe('how often passes can run', () => {
  it.each([0, 1, 10_000])('an iteration over %i items, more at a time than there are', (count) => {
    const { plan } = flowOf(
      [
        items('a'),
        ...iteration('it', ['start', 'a'], ['pick', 'output'], { is_parallel: true, parallel_nums: 10 }),
        { id: 'pick', type: 'variable-aggregator', parentId: 'it', variables: [['it', 'item']] },
        end({ o: ['it', 'output'] }),
      ],
      ['start -> it', 'itstart -> pick', 'it -> end'],
    );
    const a = Array.from({ length: count }, (_, i) => i);
    const driven = drive(plan, { inputs: new Map([['a', a]]) });
    expect(outcomeOf(driven).outputs).toEqual(new Map([['o', a]]));
    expect(driven.state.frames.size).toBe(1);
  });

  it.each<readonly [string, readonly TestNode[]]>([
    ['with a node', [{ id: 'pick', type: 'variable-aggregator', parentId: 'lp', variables: [['start', 'text']] }]],
    ['without any', []],
  ])('a loop of a billion passes %s ends at the limit of steps', (_, within) => {
    const { plan } = flowOf(
      [startNode('text'), ...loop('lp', { loop_count: 1_000_000_000 }), ...within, end({})],
      ['start -> lp', ...(within.length > 0 ? (['lpstart -> pick'] as const) : []), 'lp -> end'],
    );
    const events = [startedEvent(plan, { inputs: new Map([['text', 't']]) })];
    const { state } = advance(plan, evolve(plan, initialState(plan), events), {
      now: 1,
      limits: { maxSteps: 100 } as Parameters<typeof advance>[2]['limits'] & object,
    });
    expect(state.finished).toMatchObject({ status: 'failed', error: expect.stringContaining('maxSteps') as string });
  });

  it('an if-else skips an iteration, and what hangs on it alone', () => {
    const { plan } = flowOf(
      [
        items('a'),
        {
          id: 'if',
          type: 'if-else',
          cases: [
            {
              case_id: 'yes',
              logical_operator: 'and',
              conditions: [{ variable_selector: ['start', 'a'], comparison_operator: 'empty', value: '' }],
            },
          ],
        },
        ...iteration('it', ['start', 'a'], ['ask', 'text']),
        llm('ask', '', { parentId: 'it' }),
        end({ o: ['it', 'output'] }),
        end({ a: ['start', 'a'] }, 'other'),
      ],
      ['start -> if', 'if:yes -> it', 'itstart -> ask', 'it -> end', 'if:false -> other'],
    );
    const driven = drive(plan, { inputs: new Map([['a', ['x']]]) });
    expect(outcomeOf(driven)).toMatchObject({ status: 'succeeded', outputs: new Map([['a', ['x']]]) });
    expect(linesOf(driven.events, 'ContainerStarted')).toEqual([]);
  });
});

type Shape = {
  readonly outer: readonly (readonly string[])[];
  readonly modes: readonly [string, string];
  readonly parallel: readonly [number, number];
  readonly strategy: string;
  readonly rounds: number;
  readonly stops: boolean;
};
const shapes: fc.Arbitrary<Shape> = fc.record({
  outer: fc.array(fc.array(fc.constantFrom('x', 'y', 'bad'), { maxLength: 3 }), { maxLength: 3 }),
  modes: fc.tuple(
    fc.constantFrom('terminated', 'continue-on-error', 'remove-abnormal-output'),
    fc.constantFrom('terminated', 'continue-on-error', 'remove-abnormal-output'),
  ),
  parallel: fc.tuple(fc.constantFrom(1, 2, 10), fc.constantFrom(1, 2, 10)),
  strategy: fc.constantFrom('none', 'fail-branch', 'default-value'),
  rounds: fc.integer({ min: 1, max: 3 }),
  stops: fc.boolean(),
});

/** An iteration in a loop in an iteration; a model beside the loop, and one after the inner iteration. */
function nested({ modes, parallel, strategy, rounds, stops }: Shape): Plan {
  const atATime = (n: number): Extra => (n === 1 ? {} : { is_parallel: true, parallel_nums: n });
  const onError: Extra =
    strategy === 'none'
      ? {}
      : {
          error_strategy: strategy,
          ...(strategy === 'default-value' ? { default_value: [{ key: 'text', type: 'string', value: 'd' }] } : {}),
        };
  return flowOf(
    [
      items('a'),
      ...iteration('out', ['start', 'a'], ['lp', 'x'], { error_handle_mode: modes[0], ...atATime(parallel[0]) }),
      ...loop('lp', {
        parentId: 'out',
        loop_count: rounds,
        loop_variables: [{ label: 'x', var_type: 'array[string]', value_type: 'constant', value: '[]' }],
      }),
      ...iteration('in', ['out', 'item'], ['ask', 'text'], { parentId: 'lp', error_handle_mode: modes[1], ...atATime(parallel[1]) }),
      llm('ask', '{{#out.index#}}{{#in.index#}}{{#in.item#}}', { parentId: 'in', ...onError }),
      llm('more', '{{#ask.text#}}', { parentId: 'in' }),
      {
        id: 'keep',
        type: 'assigner',
        version: '2',
        parentId: 'lp',
        items: [{ variable_selector: ['lp', 'x'], input_type: 'variable', operation: 'over-write', value: ['in', 'output'] }],
      },
      llm('beside', '{{#out.index#}}', { parentId: 'lp' }),
      { id: 'stop', type: 'loop-end', parentId: 'lp' },
      end({ o: ['out', 'output'] }),
    ],
    [
      'start -> out',
      'outstart -> lp',
      'lpstart -> in',
      'lpstart -> beside',
      'instart -> ask',
      'ask -> more',
      'in -> keep',
      ...(stops ? (['beside -> stop'] as const) : []),
      'out -> end',
    ],
  ).plan;
}

describe('iterations in loops in iterations', () => {
  it('whatever fails and whoever answers first: they end, nothing begins in a pass that was left, and events fold to the state', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), fc.nat(), (shape, picks, cut) => {
        const plan = nested(shape);
        let turn = 0;
        const next = (waiting: number): number => (picks[turn++ % picks.length] ?? 0) % waiting;
        const inputs = new Map([['a', shape.outer]]);
        const driven = drive(plan, { answer: echo, inputs, next });
        expect(begunTooLate(driven.events)).toEqual([]);
        expect(evolve(plan, initialState(plan), driven.events)).toEqual(driven.state);
        expect([driven.state.running.size, driven.state.containers.size, driven.state.frames.size]).toEqual([0, 0, 1]);
        // Nobody is asked twice.
        expect(new Set(driven.performed).size).toBe(driven.performed.length);
        const history = driven.events.slice(0, 1 + (cut % driven.events.length));
        if (history.at(-1)?.type === 'RunFinished') return;
        const resumed = drive(plan, { answer: echo, inputs, next, history });
        expect(begunTooLate(resumed.events)).toEqual([]);
        expect([resumed.state.running.size, resumed.state.containers.size, resumed.state.frames.size]).toEqual([0, 0, 1]);
        // Without early ends no order of answers changes what comes out.
        if (!shape.stops && shape.modes.every((mode) => mode !== 'terminated')) expect(outcomeOf(resumed)).toEqual(outcomeOf(driven));
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it('a step that ends after each node makes the same events as one that does not', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const plan = nested(shape);
        const started = startedEvent(plan, { inputs: new Map([['a', shape.outer]]) });
        const first = evolve(plan, initialState(plan), [started]);
        const whole = advance(plan, first, { now: 1 });
        let step = advance(plan, first, { now: 1, maxNodes: 1 });
        const facts = [...step.facts];
        for (let i = 0; step.more && i < 10_000; i++) {
          step = advance(plan, step.state, { now: 1, maxNodes: 1 });
          facts.push(...step.facts);
        }
        expect(facts).toEqual(whole.facts);
        expect(step.state).toEqual(whole.state);
      }),
      { numRuns: 100, seed: 12 },
    );
  });
});
