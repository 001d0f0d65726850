import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, type Effect, type EffectResult, type RunEvent, type Value } from '../../schemas/core.ts';
import { evolve, initialState } from '../core.ts';
import { flowOf, startNode, type TestEdge, type TestNode } from '../testing/dsl.ts';
import { drive, fail, outcomeOf, succeed, type Driven } from '../testing/drive.ts';
import type { Plan } from '../plan/plan.ts';

const end = (outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({
  id: 'end',
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});
const list = (...names: readonly string[]): TestNode => ({
  ...startNode(),
  variables: names.map((variable) => ({ variable, label: variable, type: 'json_object', required: false })),
});
const template = (id: string, text: string, variables: Readonly<Record<string, readonly string[]>>, parentId?: string): TestNode => ({
  id,
  type: 'template-transform',
  template: text,
  variables: Object.entries(variables).map(([variable, value_selector]) => ({ variable, value_selector })),
  ...(parentId === undefined ? {} : { parentId }),
});
const llm = (id: string, text: string, parentId?: string): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text }],
  ...(parentId === undefined ? {} : { parentId }),
});
const iteration = (extra: Readonly<Record<string, unknown>> = {}): readonly TestNode[] => [
  {
    id: 'it',
    type: 'iteration',
    iterator_selector: ['start', 'a'],
    output_selector: ['ask', 'text'],
    start_node_id: 'itstart',
    ...extra,
  },
  { id: 'itstart', type: 'iteration-start', parentId: 'it' },
];
const asking: readonly TestNode[] = [llm('ask', '{{#it.index#}}:{{#it.item#}}', 'it')];
const edges: readonly TestEdge[] = ['start -> it', 'itstart -> ask', 'it -> end'];
const flow = (extra: Readonly<Record<string, unknown>> = {}): Plan =>
  flowOf([list('a'), ...iteration(extra), ...asking, end({ o: ['it', 'output'] })], edges).plan;

/** Answers with what was asked; fails for the items that begin with "bad". */
const echo = ({ request }: Effect): EffectResult => {
  const content = request.kind === 'llm' ? request.messages[0]?.content : '';
  const text = typeof content === 'string' ? content : '';
  return text.includes('bad') ? fail(`no answer for ${text}`) : succeed({ text });
};
const run = (plan: Plan, a: Value, options: Parameters<typeof drive>[1] = {}): Driven =>
  drive(plan, { answer: echo, inputs: new Map([['a', a]]), ...options });
const types = (events: readonly RunEvent[]): readonly string[] =>
  events.map((event) =>
    event.type === 'PassStarted' ? `pass ${event.data.pass}` : 'nodeId' in event.data ? `${event.type} ${event.data.nodeId}` : event.type,
  );

describe('an iteration', () => {
  it('runs its nodes once for each item, in order, and gives their results', () => {
    const driven = run(flow(), ['x', 'y']);
    expect(outcomeOf(driven)).toEqual({
      status: 'succeeded',
      outputs: new Map([['o', ['0:x', '1:y']]]),
      exceptions: 0,
      error: null,
    });
    expect(types(driven.events)).toEqual([
      'RunStarted',
      'NodeFinished start',
      'ContainerStarted it',
      'pass 0',
      'NodeStarted ask',
      'NodeFinished ask',
      'pass 1',
      'NodeStarted ask',
      'NodeFinished ask',
      'NodeFinished it',
      'NodeFinished end',
      'RunFinished',
    ]);
    expect(driven.state.frames.size).toBe(1);
    expect(driven.state.containers.size).toBe(0);
    expect(new Set(driven.performed).size).toBe(2);
  });

  it.each<readonly [string, Value]>([
    ['an empty list', []],
    ['null', null],
  ])('gives an empty list for %s, and starts nothing', (_, a) => {
    const driven = run(flow(), a);
    expect(outcomeOf(driven).outputs).toEqual(new Map([['o', []]]));
    expect(types(driven.events)).not.toContain('pass 0');
  });

  it('fails for what is no list', () => {
    const driven = run(flow(), new Map([['k', 'v']]));
    expect(outcomeOf(driven)).toMatchObject({ status: 'failed', exceptions: 1 });
    expect(outcomeOf(driven).error).toMatch(/start\.a.*object, not a list/);
  });

  const failures = [
    ['terminated', { status: 'failed', outputs: null, exceptions: 2 }],
    ['continue-on-error', { status: 'partial-succeeded', outputs: new Map([['o', ['0:x', null, '2:z']]]), exceptions: 1 }],
    ['remove-abnormal-output', { status: 'partial-succeeded', outputs: new Map([['o', ['0:x', '2:z']]]), exceptions: 1 }],
  ] as const;
  it.each(failures)('with %s', (error_handle_mode, expected) => {
    for (const parallel of [{}, { is_parallel: true, parallel_nums: 2 }]) {
      const driven = run(flow({ error_handle_mode, ...parallel }), ['x', 'bad', 'z']);
      expect(outcomeOf(driven)).toMatchObject(expected);
    }
  });

  it('with terminated starts no other pass, and waits for what is under way', () => {
    const driven = run(flow({ is_parallel: true, parallel_nums: 2 }), ['bad', 'y', 'z']);
    expect(outcomeOf(driven)).toMatchObject({ status: 'failed', error: 'no answer for 0:bad' });
    expect(types(driven.events)).toEqual(expect.arrayContaining(['pass 0', 'pass 1']));
    expect(types(driven.events)).not.toContain('pass 2');
    expect(driven.performed).toHaveLength(2);
  });

  it.each<readonly [string, readonly Value[], Value]>([
    ['lists become one', [['a'], ['b', 'c']], ['a', 'b', 'c']],
    ['nulls beside lists are left out', [['a'], null], ['a']],
    ['one that is no list leaves all as they are', [['a'], 'b'], [['a'], 'b']],
    ['nulls alone stay', [null, null], [null, null]],
  ])('flattens: %s', (_, items, expected) => {
    const plan = flowOf(
      [
        list('a'),
        ...iteration({ output_selector: ['pick', 'output'] }),
        { id: 'pick', type: 'variable-aggregator', parentId: 'it', variables: [['it', 'item']] },
        end({ o: ['it', 'output'] }),
      ],
      ['start -> it', 'itstart -> pick', 'it -> end'],
    ).plan;
    expect(outcomeOf(run(plan, items)).outputs).toEqual(new Map([['o', expected]]));
  });

  it('of an old file begins at the node that start_node_id names', () => {
    const [container] = iteration({ start_node_id: 'ask' });
    if (container === undefined) throw new Error('no container');
    const { plan } = flowOf([list('a'), container, ...asking, end({ o: ['it', 'output'] })], ['start -> it', 'it -> end']);
    expect(outcomeOf(run(plan, ['x'])).outputs).toEqual(new Map([['o', ['0:x']]]));
  });

  it('without nodes says so', () => {
    const [container] = iteration();
    if (container === undefined) throw new Error('no container');
    const { plan } = flowOf([list('a'), container, end({ o: ['it', 'output'] })], ['start -> it', 'it -> end']);
    expect(outcomeOf(run(plan, ['x'])).error).toMatch(/no nodes within/);
  });

  it('keeps what answer nodes say of the last pass, as Dify does', () => {
    const { plan } = flowOf(
      [
        list('a'),
        ...iteration({ output_selector: ['say', 'answer'] }),
        { id: 'say', type: 'answer', parentId: 'it', answer: '{{#it.item#}}\n' },
        { id: 'done', type: 'answer', answer: 'done' },
      ],
      ['start -> it', 'itstart -> say', 'it -> done'],
      { mode: 'advanced-chat' },
    );
    expect(outcomeOf(run(plan, ['apple', 'banana'])).outputs).toEqual(
      new Map<string, Value>([
        ['answer', 'banana\ndone'],
        ['files', []],
      ]),
    );
  });

  it('a branch that was not taken gives null', () => {
    const { plan } = flowOf(
      [
        list('a'),
        ...iteration(),
        {
          id: 'if',
          type: 'if-else',
          parentId: 'it',
          cases: [
            {
              case_id: 'yes',
              logical_operator: 'and',
              conditions: [{ variable_selector: ['it', 'item'], comparison_operator: 'is', value: 'x' }],
            },
          ],
        },
        ...asking,
        end({ o: ['it', 'output'] }),
      ],
      ['start -> it', 'itstart -> if', 'if:yes -> ask', 'it -> end'],
    );
    expect(outcomeOf(run(plan, ['x', 'y'])).outputs).toEqual(new Map([['o', ['0:x', null]]]));
  });

  it('runs at most parallel_nums passes at the same time', () => {
    const plan = flow({ is_parallel: true, parallel_nums: 3 });
    const most: number[] = [];
    const driven = run(
      plan,
      Array.from({ length: 10 }, (_, i) => `i${i}`),
      {
        next: (waiting) => {
          most.push(waiting);
          return waiting - 1;
        },
      },
    );
    expect(Math.max(...most)).toBe(3);
    expect(outcomeOf(driven).outputs).toEqual(new Map([['o', Array.from({ length: 10 }, (_, i) => `${i}:i${i}`)]]));
  });
});

const loop = (extra: Readonly<Record<string, unknown>> = {}): readonly TestNode[] => [
  {
    id: 'lp',
    type: 'loop',
    loop_count: 3,
    start_node_id: 'lpstart',
    loop_variables: [{ label: 'x', var_type: 'number', value_type: 'constant', value: '0' }],
    ...extra,
  },
  { id: 'lpstart', type: 'loop-start', parentId: 'lp' },
];
const add: TestNode = {
  id: 'add',
  type: 'assigner',
  version: '2',
  parentId: 'lp',
  items: [{ variable_selector: ['lp', 'x'], input_type: 'constant', operation: '+=', value: 1 }],
};
const loopEnd = end({ x: ['lp', 'x'], rounds: ['lp', 'loop_round'] });
const loopEdges: readonly TestEdge[] = ['start -> lp', 'lpstart -> add', 'lp -> end'];
const until = (comparison_operator: string, value: string): Readonly<Record<string, unknown>> => ({
  break_conditions: [{ variable_selector: ['lp', 'x'], comparison_operator, value }],
});

describe('a loop', () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, Value, Value]>([
    ['to its count', {}, 3, 3],
    ['until its condition holds', until('≥', '2'), 2, 2],
    ['not at all when it holds before', until('=', '0'), 0, null],
    ['whatever the condition, at most its count', until('=', '99'), 3, 3],
  ])('runs %s', (_, extra, x, rounds) => {
    const { plan } = flowOf([startNode(), ...loop(extra), add, loopEnd], loopEdges);
    expect(outcomeOf(drive(plan))).toMatchObject({
      status: 'succeeded',
      outputs: new Map([
        ['x', x],
        ['rounds', rounds],
      ]),
    });
  });

  it('is refused with a count below 1', () => {
    expect(() => flowOf([startNode(), ...loop({ loop_count: 0 }), add, loopEnd], loopEdges)).toThrow(/loop_count is 0/);
  });

  it('ends at a loop-end node, whatever else would have started', () => {
    const { plan } = flowOf(
      [startNode(), ...loop(), add, { id: 'stop', type: 'loop-end', parentId: 'lp' }, template('never', 'x', {}, 'lp'), loopEnd],
      [...loopEdges, 'add -> stop', 'stop -> never'],
    );
    const driven = drive(plan);
    expect(outcomeOf(driven).outputs).toEqual(
      new Map([
        ['x', 1],
        ['rounds', 1],
      ]),
    );
    expect(types(driven.events)).not.toContain('NodeFinished never');
  });

  it('fails with a node within it, and leaves the way after it', () => {
    const { plan } = flowOf([startNode(), ...loop(), llm('ask', 'bad', 'lp'), loopEnd], ['start -> lp', 'lpstart -> ask', 'lp -> end']);
    const driven = drive(plan, { answer: echo });
    expect(outcomeOf(driven)).toMatchObject({ status: 'failed', error: 'no answer for bad', exceptions: 2 });
    expect(types(driven.events)).not.toContain('NodeFinished end');
  });

  it('whose condition cannot be read after a pass fails, but not before the first', () => {
    const condition = { variable_selector: ['ask', 'nothing'], comparison_operator: 'is', value: 'x' };
    const { plan } = flowOf(
      [startNode(), ...loop({ break_conditions: [condition] }), add, llm('ask', 'hi', 'lp'), loopEnd],
      [...loopEdges, 'add -> ask'],
    );
    const driven = drive(plan, { answer: echo });
    expect(outcomeOf(driven).status).toBe('failed');
    expect(types(driven.events).filter((line) => line.startsWith('pass'))).toEqual(['pass 0']);
  });

  it('forgets between passes what its nodes gave', () => {
    const { plan } = flowOf(
      [
        startNode(),
        ...loop({ loop_count: 2, loop_variables: [{ label: 'x', var_type: 'string', value_type: 'constant', value: '' }] }),
        template('seen', '{{ late }}', { late: ['late', 'output'] }, 'lp'),
        { ...add, items: [{ variable_selector: ['lp', 'x'], input_type: 'variable', operation: 'over-write', value: ['seen', 'output'] }] },
        template('late', 'from the pass before', {}, 'lp'),
        loopEnd,
      ],
      ['start -> lp', 'lpstart -> seen', 'seen -> add', 'add -> late', 'lp -> end'],
    );
    expect(outcomeOf(drive(plan)).outputs).toEqual(
      new Map<string, Value>([
        ['x', 'None'],
        ['rounds', 2],
      ]),
    );
  });

  it('adds what its answers say to that of the run, pass by pass', () => {
    const { plan } = flowOf(
      [
        startNode(),
        ...loop(),
        add,
        { id: 'say', type: 'answer', parentId: 'lp', answer: '{{#lp.x#}}\n' },
        { id: 'done', type: 'answer', answer: 'end {{#lp.x#}}' },
      ],
      ['start -> lp', 'lpstart -> add', 'add -> say', 'lp -> done'],
      { mode: 'advanced-chat' },
    );
    expect(outcomeOf(drive(plan)).outputs).toEqual(
      new Map<string, Value>([
        ['answer', '1\n2\n3\nend 3'],
        ['files', []],
      ]),
    );
  });

  it('begins with variables of the flow', () => {
    const { plan } = flowOf(
      [
        { ...startNode(), variables: [{ variable: 'n', label: 'n', type: 'number', required: true }] },
        ...loop({ loop_variables: [{ label: 'x', var_type: 'number', value_type: 'variable', value: ['start', 'n'] }] }),
        add,
        loopEnd,
      ],
      loopEdges,
    );
    expect(outcomeOf(drive(plan, { inputs: new Map([['n', float(1.5)]]) })).outputs).toEqual(
      new Map<string, Value>([
        ['x', float(4.5)],
        ['rounds', 3],
      ]),
    );
  });
});

describe('variables of the conversation', () => {
  const conversation = [{ name: 'seen', value_type: 'array[string]', value: [] }];
  const noting = (extra: Readonly<Record<string, unknown>>): Plan =>
    flowOf(
      [
        list('a'),
        ...iteration({ output_selector: ['ask', 'text'], ...extra }),
        {
          id: 'note',
          type: 'assigner',
          version: '2',
          parentId: 'it',
          items: [{ variable_selector: ['conversation', 'seen'], input_type: 'variable', operation: 'append', value: ['it', 'item'] }],
        },
        llm('ask', '{{#conversation.seen#}}', 'it'),
        end({ o: ['it', 'output'], seen: ['conversation', 'seen'] }),
      ],
      ['start -> it', 'itstart -> note', 'note -> ask', 'it -> end'],
      { conversation },
    ).plan;

  it('are shared by passes that follow each other', () => {
    expect(outcomeOf(run(noting({}), ['x', 'y'])).outputs).toEqual(
      new Map<string, Value>([
        ['o', ['["x"]', '["x", "y"]']],
        ['seen', ['x', 'y']],
      ]),
    );
  });

  it('are each pass of its own where they run at the same time', () => {
    expect(outcomeOf(run(noting({ is_parallel: true, parallel_nums: 2 }), ['x', 'y'])).outputs).toEqual(
      new Map<string, Value>([
        ['o', ['["x"]', '["y"]']],
        ['seen', []],
      ]),
    );
  });
});

describe('one within another', () => {
  /** A loop of two passes within each pass of an iteration. */
  const nested = (extra: Readonly<Record<string, unknown>> = {}): Plan =>
    flowOf(
      [
        list('a'),
        ...iteration({ output_selector: ['lp', 'x'], ...extra }),
        ...loop({
          parentId: 'it',
          loop_count: 2,
          loop_variables: [{ label: 'x', var_type: 'string', value_type: 'variable', value: ['it', 'item'] }],
        }),
        llm('ask', '{{#lp.x#}}{{#it.index#}}', 'lp'),
        {
          ...add,
          items: [{ variable_selector: ['lp', 'x'], input_type: 'variable', operation: 'over-write', value: ['ask', 'text'] }],
        },
        end({ o: ['it', 'output'] }),
      ],
      ['start -> it', 'itstart -> lp', 'lpstart -> ask', 'ask -> add', 'it -> end'],
    ).plan;

  it('each sees the variables of those around it', () => {
    expect(outcomeOf(run(nested(), ['x', 'y'])).outputs).toEqual(new Map([['o', ['x00', 'y11']]]));
  });

  it('what fails deep inside ends the passes around it, each by its own rule', () => {
    const driven = run(nested({ error_handle_mode: 'continue-on-error', is_parallel: true, parallel_nums: 3 }), ['x', 'bad', 'z']);
    expect(outcomeOf(driven)).toMatchObject({ status: 'partial-succeeded', outputs: new Map([['o', ['x00', null, 'z22']]]) });
    expect(driven.state.frames.size).toBe(1);
    expect(driven.state.containers.size).toBe(0);
  });

  const parallel = { is_parallel: true, parallel_nums: 2 };
  const modes = ['terminated', 'continue-on-error', 'remove-abnormal-output'];
  it('whatever the order of answers, events fold to the state that made them, and a run goes on from any of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('x', 'y', 'bad'), { maxLength: 5 }),
        fc.constantFrom(...modes),
        fc.boolean(),
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (items, error_handle_mode, isParallel, picks, cut) => {
          const plan = nested({ error_handle_mode, ...(isParallel ? parallel : {}) });
          let turn = 0;
          const next = (waiting: number): number => (picks[turn++ % picks.length] ?? 0) % waiting;
          const driven = run(plan, items, { next });
          expect(evolve(plan, initialState(plan), driven.events)).toEqual(driven.state);
          expect(driven.state.frames.size).toBe(1);
          expect(driven.state.running.size).toBe(0);
          const history = driven.events.slice(0, 1 + (cut % (driven.events.length - 1)));
          const resumed = run(plan, items, { next, history });
          if (error_handle_mode !== 'terminated') expect(outcomeOf(resumed)).toEqual(outcomeOf(driven));
          expect(outcomeOf(resumed).status).toBe(outcomeOf(driven).status);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });
});
