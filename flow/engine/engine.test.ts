import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, RunEvent, Value } from '../../schemas/core.ts';
import { evolve, initialState, pendingEffects, requestStop, advance, conclude } from '../core.ts';
import { failRun } from './advance.ts';
import { dslText, flowOf, startNode, type TestEdge, type TestNode } from '../testing/dsl.ts';
import { drive, fail, outcomeOf, startedEvent, succeed } from '../testing/drive.ts';
import { importFlow } from '../index.ts';

const template = (id: string, text: string, variables: readonly (readonly [string, readonly string[]])[] = []): TestNode => ({
  id,
  type: 'template-transform',
  template: text,
  variables: variables.map(([variable, value_selector]) => ({ variable, value_selector })),
});
const end = (id: string, outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({
  id,
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});
const llm = (id: string, text = 'hi'): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text }],
});
const is = (id: string, selector: readonly string[], value: string): TestNode => ({
  id,
  type: 'if-else',
  cases: [{ case_id: 'yes', logical_operator: 'and', conditions: [{ variable_selector: selector, comparison_operator: 'is', value }] }],
});
const object = (value: Value): Record<string, Value> =>
  value instanceof Map ? Object.fromEntries(value as ReadonlyMap<string, Value>) : {};

describe('branches and joins', () => {
  const flow = flowOf(
    [
      startNode('a'),
      is('if', ['start', 'a'], 'x'),
      template('t', 'took yes'),
      template('f', 'took no'),
      {
        id: 'agg',
        type: 'variable-aggregator',
        variables: [
          ['t', 'output'],
          ['f', 'output'],
        ],
      },
      end('end', { o: ['agg', 'output'] }),
    ],
    ['start -> if', 'if:yes -> t', 'if:false -> f', 't -> agg', 'f -> agg', 'agg -> end'],
  );

  it.each([
    ['x', 'took yes', ['start', 'if', 't', 'agg', 'end']],
    ['y', 'took no', ['start', 'if', 'f', 'agg', 'end']],
  ])('a = %s gives %s and runs only the nodes of that branch', (a, expected, nodes) => {
    const driven = drive(flow.plan, { inputs: new Map([['a', a]]) });
    expect(outcomeOf(driven)).toEqual({ status: 'succeeded', outputs: new Map([['o', expected]]), exceptions: 0, error: null });
    const started = driven.events.flatMap((event) => (event.type === 'NodeFinished' ? [event.data.nodeId] : []));
    expect(started).toEqual(nodes);
  });

  it('a join waits for all branches that are not skipped', () => {
    const join = flowOf(
      [startNode(), llm('a'), llm('b'), end('end', { a: ['a', 'text'], b: ['b', 'text'] })],
      ['start -> a', 'start -> b', 'a -> end', 'b -> end'],
    );
    const driven = drive(join.plan, { answer: (effect) => succeed({ text: effect.nodeId }), next: (n) => n - 1 });
    expect(driven.performed).toEqual(['b#1', 'a#1']);
    expect(object(outcomeOf(driven).outputs)).toEqual({ a: 'a', b: 'b' });
  });

  it('two edges from one branch run the node once', () => {
    const twice = flowOf([startNode(), template('t', 'x'), end('end', { o: ['t', 'output'] })], ['start -> t', 'start -> t', 't -> end']);
    const driven = drive(twice.plan);
    expect(driven.events.filter((event) => event.type === 'NodeFinished')).toHaveLength(3);
    expect(object(outcomeOf(driven).outputs)).toEqual({ o: 'x' });
  });

  it('a skipped branch whose end never ran leaves its outputs out', () => {
    const ends = flowOf(
      [startNode('a'), is('if', ['start', 'a'], 'x'), end('e1', { one: ['start', 'a'] }), end('e2', { two: ['start', 'a'] })],
      ['start -> if', 'if:yes -> e1', 'if:false -> e2'],
    );
    expect(object(outcomeOf(drive(ends.plan, { inputs: new Map([['a', 'x']]) })).outputs)).toEqual({ one: 'x' });
  });
});

describe('errors', () => {
  const failing = (strategy: Record<string, unknown>, edges: readonly TestEdge[], ends: readonly TestNode[]) =>
    flowOf([startNode(), { ...llm('h'), ...strategy }, ...ends], ['start -> h', ...edges]);

  it('without a strategy the run fails with the node error and starts nothing more', () => {
    const flow = failing({}, ['h -> end', 'start -> slow'], [end('end', { o: ['h', 'text'] }), llm('slow')]);
    const driven = drive(flow.plan, { answer: () => fail('boom') });
    expect(outcomeOf(driven)).toEqual({ status: 'failed', outputs: null, exceptions: 1, error: 'boom' });
    expect(driven.performed).toEqual(['h#1']);
  });

  it('fail-branch takes the fail edges and tells the error', () => {
    const flow = failing(
      { error_strategy: 'fail-branch' },
      ['h:source -> ok', 'h:fail-branch -> bad', 'h:success-branch -> never'],
      [
        end('ok', { ok: ['h', 'text'] }),
        end('bad', { m: ['h', 'error_message'], t: ['h', 'error_type'] }),
        end('never', { never: ['h', 'text'] }),
      ],
    );
    const bad = outcomeOf(drive(flow.plan, { answer: () => fail('boom', 'MockError') }));
    expect(bad).toEqual({
      status: 'partial-succeeded',
      outputs: new Map([
        ['m', 'boom'],
        ['t', 'MockError'],
      ]),
      exceptions: 1,
      error: null,
    });
    const good = outcomeOf(drive(flow.plan, { answer: () => succeed({ text: 'fine' }) }));
    expect(good).toEqual({ status: 'succeeded', outputs: new Map([['ok', 'fine']]), exceptions: 0, error: null });
  });

  it('default-value gives typed defaults; a number given as text is a float', () => {
    const flow = failing(
      {
        error_strategy: 'default-value',
        default_value: [
          { key: 'text', type: 'string', value: 'dflt' },
          { key: 'n', type: 'number', value: '2' },
          { key: 'o', type: 'object', value: '{"a": [1, 2.0]}' },
        ],
      },
      ['h -> end'],
      [end('end', { text: ['h', 'text'], n: ['h', 'n'], o: ['h', 'o'], message: ['h', 'error_message'] })],
    );
    const outcome = outcomeOf(drive(flow.plan, { answer: () => fail('boom') }));
    expect(outcome.status).toBe('partial-succeeded');
    expect(object(outcome.outputs)).toEqual({ text: 'dflt', n: { float: 2 }, o: new Map([['a', [1, { float: 2 }]]]), message: 'boom' });
  });

  it('retries come before the strategy, at most max_retries more', () => {
    const flow = failing(
      { error_strategy: 'fail-branch', retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 250 } },
      ['h:fail-branch -> bad'],
      [end('bad', { m: ['h', 'error_message'] })],
    );
    const delays: number[] = [];
    const attempts: number[] = [];
    const driven = drive(flow.plan, {
      answer: (effect) => {
        delays.push(effect.delayMs);
        attempts.push(effect.attempt);
        return fail(`attempt ${effect.attempt}`);
      },
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(delays).toEqual([0, 250, 250]);
    expect(driven.events.filter((event) => event.type === 'NodeRetried')).toHaveLength(2);
    expect(object(outcomeOf(driven).outputs)).toEqual({ m: 'attempt 3' });
  });

  it('a node kind that is not known is an import warning and an error of the run that reaches it', () => {
    const flow = flowOf(
      [startNode('a'), is('if', ['start', 'a'], 'x'), { id: 'q', type: 'quantum-oracle' }, end('end', {})],
      ['start -> if', 'if:yes -> q', 'q -> end', 'if:false -> end'],
    );
    expect(flow.warnings.join('\n')).toMatch(/quantum-oracle/);
    expect(outcomeOf(drive(flow.plan, { inputs: new Map([['a', 'y']]) })).status).toBe('succeeded');
    const reached = outcomeOf(drive(flow.plan, { inputs: new Map([['a', 'x']]) }));
    expect(reached.status).toBe('failed');
    expect(reached.error).toMatch(/quantum-oracle.*cannot run/);
  });

  it('a missing variable fails an if-else', () => {
    const flow = flowOf(
      [startNode(), is('if', ['start', 'nope'], 'x'), end('end', {})],
      ['start -> if', 'if:yes -> end', 'if:false -> end'],
    );
    expect(outcomeOf(drive(flow.plan)).status).toBe('failed');
  });
});

describe('stop', () => {
  it('starts nothing more; a later result is kept as discarded', () => {
    const flow = flowOf([startNode(), llm('a'), llm('b'), end('end', {})], ['start -> a', 'a -> b', 'b -> end']);
    const begun = advance(flow.plan, evolve(flow.plan, initialState(flow.plan), [startedEvent(flow.plan, {})]), { now: 1 });
    expect(begun.effects.map((effect) => effect.effectId)).toEqual(['a#1']);
    const stopped = requestStop(flow.plan, begun.state, { now: 2, reason: 'enough' });
    expect(stopped.facts.map((fact) => fact.type)).toEqual(['RunStopRequested', 'RunFinished']);
    expect(stopped.state.finished?.status).toBe('stopped');
    const late = conclude(flow.plan, stopped.state, { now: 3, effectId: 'a#1', result: succeed({ text: 'late' }) });
    expect(late.facts.map((fact) => fact.type)).toEqual(['EffectDiscarded']);
    expect(late.effects).toEqual([]);
    expect(requestStop(flow.plan, late.state, { now: 4, reason: 'again' }).facts).toEqual([]);
  });
});

describe('pins', () => {
  it('a pinned node is not executed; a pin by type serves all of it', () => {
    const flow = flowOf(
      [startNode(), llm('a'), llm('b'), end('end', { a: ['a', 'text'], b: ['b', 'text'] })],
      ['start -> a', 'a -> b', 'b -> end'],
    );
    const driven = drive(flow.plan, { pins: { a: { outputs: { text: 'one' } }, 'type:llm': { outputs: { text: 'all' } } } });
    expect(object(outcomeOf(driven).outputs)).toEqual({ a: 'one', b: 'all' });
  });

  it('the pinned result of a branching node chooses its branch', () => {
    const flow = flowOf(
      [startNode(), is('if', ['start', 'nope'], 'x'), end('yes', { y: ['sys', 'query'] }), end('no', { n: ['sys', 'query'] })],
      ['start -> if', 'if:yes -> yes', 'if:false -> no'],
    );
    const driven = drive(flow.plan, { pins: { if: { outputs: { result: true, selected_case_id: 'yes' } } } });
    expect(object(outcomeOf(driven).outputs)).toEqual({ y: null });
  });
});

describe('equal questions of one run', () => {
  it('have different content keys, so that each is a draw of its own', () => {
    const flow = flowOf(
      [startNode(), llm('a', 'same'), llm('b', 'same'), end('end', {})],
      ['start -> a', 'start -> b', 'a -> end', 'b -> end'],
    );
    const keys: (string | null)[] = [];
    drive(flow.plan, {
      answer: (effect: Effect) => {
        keys.push(effect.contentKey);
        return succeed({ text: 'x' });
      },
    });
    expect(new Set(keys).size).toBe(2);
    expect(keys.map((key) => key?.split('.')[1])).toEqual(['0', '1']);
  });
});

describe('content keys', () => {
  const flow = flowOf([startNode('a'), llm('m'), end('end', {})], ['start -> m', 'm -> end']);
  const { type, data } = startedEvent(flow.plan, {});

  it.each([
    ['manual', undefined, false],
    ['live', undefined, false],
    ['backtest', undefined, false],
    ['evaluation', undefined, true],
    ['evaluation', false, false],
    ['manual', true, true],
  ] as const)('of a %s run whose host says %s: %s', (mode, contentKeys, expected) => {
    const state = evolve(flow.plan, initialState(flow.plan), [{ type, data: { ...data, mode } }]);
    const step = advance(flow.plan, state, { now: 1, ...(contentKeys === undefined ? {} : { contentKeys }) });
    const key = step.effects[0]?.contentKey;
    if (expected) expect(key).toMatch(/^[0-9a-f]{64}\.0$/);
    else expect(key).toBeNull();
    const event = step.facts.find((fact) => fact.type === 'NodeStarted');
    expect(event?.data).toMatchObject({ contentKey: key });
    // A host that takes the run over asks under the same key.
    expect(pendingEffects(flow.plan, evolve(flow.plan, state, step.facts), { now: 9 })[0]?.contentKey).toBe(key);
  });
});

describe('a run that is taken over', () => {
  const flow = flowOf(
    [startNode('a'), { ...llm('m'), retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 1_000 } }, end('end', {})],
    ['start -> m', 'm -> end'],
  );
  const { plan } = flow;
  const begun = advance(plan, evolve(plan, initialState(plan), [startedEvent(plan, {})]), { now: 10 });
  const effectId = begun.effects[0]?.effectId ?? '';
  const retried = conclude(plan, begun.state, { now: 50, effectId, result: fail('no') });

  it.each([
    [50, 1_000],
    [650, 400],
    [1_050, 0],
    [99_999, 0],
  ])('at %d waits for what is left of the delay of a retry: %d ms', (now, delayMs) => {
    expect(pendingEffects(plan, retried.state, { now })).toMatchObject([{ effectId, attempt: 2, delayMs }]);
    const events = [startedEvent(plan, {}), ...begun.facts, ...retried.facts];
    expect(pendingEffects(plan, evolve(plan, initialState(plan), events), { now })).toEqual(pendingEffects(plan, retried.state, { now }));
  });

  it('asks at once for what was not tried before', () => {
    expect(pendingEffects(plan, begun.state, { now: 5 })).toMatchObject([{ attempt: 1, delayMs: 0 }]);
  });

  it('knows that it was left in a wait until its next owner goes on', () => {
    const paused = { reason: 'waits', until: 1_050, at: 60 };
    const left = evolve(plan, retried.state, [{ type: 'RunPaused', data: paused }]);
    expect([left.paused, left.seq]).toEqual([paused, retried.state.seq + 1]);
    const resumed = evolve(plan, left, [{ type: 'RunResumed', data: { at: 70 } }]);
    expect({ ...resumed, seq: 0 }).toEqual({ ...retried.state, seq: 0 });
  });

  it("may fail for a reason that is no node's, once", () => {
    const failed = failRun(plan, retried.state, { now: 80, error: 'the worker dies of it' });
    expect(failed.facts).toMatchObject([
      { type: 'RunFinished', data: { status: 'failed', error: 'the worker dies of it', outputs: null } },
    ]);
    expect(failRun(plan, failed.state, { now: 90, error: 'again' }).facts).toEqual([]);
  });
});

describe('a wide fan-out', () => {
  it('leaves every state it went through as it was', () => {
    const ids = Array.from({ length: 30 }, (_, i) => `m${i}`);
    const reads = Object.fromEntries(ids.map((id) => [id, [id, 'text']]));
    const flow = flowOf(
      [startNode('a'), ...ids.map((id) => llm(id)), end('end', reads)],
      ids.flatMap((id): readonly TestEdge[] => [`start -> ${id}`, `${id} -> end`]),
    );
    const states = [evolve(flow.plan, initialState(flow.plan), [startedEvent(flow.plan, {})])];
    const begun = advance(flow.plan, states[0] ?? initialState(flow.plan), { now: 1, contentKeys: true });
    states.push(begun.state);
    const copies = states.map((state) => structuredClone({ ...state }));
    let state = begun.state;
    for (const { effectId, nodeId } of begun.effects) {
      state = conclude(flow.plan, state, { now: 2, effectId, result: succeed({ text: `text of ${nodeId}` }) }).state;
      states.push(state);
      copies.push(structuredClone({ ...state }));
    }
    expect(state.finished?.outputs).toEqual(Object.fromEntries(ids.map((id) => [id, `text of ${id}`])));
    expect(states.map((each) => ({ ...each }))).toEqual(copies);
  });
});

describe('answers', () => {
  it('texts are joined in the order in which the nodes finish', () => {
    const flow = flowOf(
      [startNode(), llm('m'), { id: 'x', type: 'answer', answer: 'first {{#m.text#}}' }, { id: 'y', type: 'answer', answer: 'second' }],
      ['start -> m', 'm -> x', 'start -> y'],
      { mode: 'advanced-chat' },
    );
    const outcome = outcomeOf(drive(flow.plan, { answer: () => succeed({ text: '!' }) }));
    expect(object(outcome.outputs)).toEqual({ answer: 'secondfirst !', files: [] });
  });
});

/** Graphs of llm, if-else and template nodes in layers; every node reads one of the layer before, the end reads all. */
const graphs = fc
  .array(fc.array(fc.constantFrom('llm', 'template', 'if'), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .chain((layers) => fc.record({ layers: fc.constant(layers), picks: fc.array(fc.nat(1000), { minLength: 24, maxLength: 24 }) }))
  .map(({ layers, picks }) => {
    const nodes: TestNode[] = [startNode('a')];
    const edges: TestEdge[] = [];
    let before: readonly string[] = ['start'];
    let pick = 0;
    const take = (n: number): number => (picks[pick++ % picks.length] ?? 0) % n;
    for (const [depth, kinds] of layers.entries()) {
      const ids = kinds.map((kind, i) => {
        const id = `n${depth}_${i}`;
        if (kind === 'llm') nodes.push(llm(id, `${id} {{#start.a#}}`));
        else if (kind === 'template') nodes.push(template(id, `${id} {{ a }}`, [['a', ['start', 'a']]]));
        else nodes.push(is(id, ['start', 'a'], take(2) === 0 ? 'x' : 'y'));
        const parents = new Set([before[take(before.length)] ?? 'start', before[take(before.length)] ?? 'start']);
        for (const parent of parents) {
          const isBranch = nodes.some((node) => node.id === parent && node.type === 'if-else');
          edges.push(isBranch ? `${parent}:${take(2) === 0 ? 'yes' : 'false'} -> ${id}` : `${parent} -> ${id}`);
        }
        return id;
      });
      before = ids;
    }
    const inner = nodes.filter((node) => node.id !== 'start');
    nodes.push(
      end(
        'end',
        Object.fromEntries(
          inner.map((node) => [node.id, [node.id, node.type === 'llm' ? 'text' : node.type === 'if-else' ? 'selected_case_id' : 'output']]),
        ),
      ),
    );
    for (const id of before) {
      const isBranch = nodes.some((node) => node.id === id && node.type === 'if-else');
      if (isBranch) edges.push(`${id}:yes -> end`, `${id}:false -> end`);
      else edges.push(`${id} -> end`);
    }
    return { nodes, edges };
  });

const textFor = (effect: Effect): ReturnType<typeof succeed> => succeed({ text: `text of ${effect.nodeId}` });

describe('properties', () => {
  it('no order in which effects finish changes the result of a flow without races or failures', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(100), { minLength: 20, maxLength: 20 }), ({ nodes, edges }, choices) => {
        const { plan } = flowOf(nodes, edges);
        // The end may start before a parallel branch has finished; then its outputs depend on the order, as the validator says.
        const inputs = new Map<string, Value>([['a', 'x']]);
        let at = 0;
        const straight = drive(plan, { inputs, answer: textFor });
        const shuffledRun = drive(plan, { inputs, answer: textFor, next: (n) => (choices[at++ % choices.length] ?? 0) % n });
        expect(shuffledRun.state.finished?.status).toBe(straight.state.finished?.status);
        const settled = (events: readonly RunEvent[]) =>
          new Map(
            events.flatMap((event) =>
              event.type === 'NodeFinished' && event.data.nodeId !== 'end'
                ? [[event.data.nodeId, JSON.stringify([event.data.outputs, event.data.handle])] as const]
                : [],
            ),
          );
        expect(settled(shuffledRun.events)).toEqual(settled(straight.events));
      }),
      { numRuns: 150 },
    );
  });

  it('folding any beginning of the events and going on gives the same result, and repeats no effect that is recorded', () => {
    fc.assert(
      fc.property(graphs, fc.nat(1000), ({ nodes, edges }, cutAt) => {
        const { plan } = flowOf(nodes, edges);
        const inputs = new Map<string, Value>([['a', 'x']]);
        const whole = drive(plan, { inputs, answer: textFor });
        const cut = 1 + (cutAt % whole.events.length);
        const history = whole.events.slice(0, cut);
        const resumed = drive(plan, { inputs, answer: textFor, history });
        expect(resumed.state.finished?.outputs).toEqual(whole.state.finished?.outputs);
        const recorded = history.flatMap((event) =>
          event.type === 'NodeFinished' && event.data.effectId !== null ? [event.data.effectId] : [],
        );
        for (const effectId of recorded) expect(resumed.performed).not.toContain(effectId);
      }),
      { numRuns: 150 },
    );
  });

  it('folding all events gives the state the run ended in, and states given in are left as they were', () => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        const { plan } = flowOf(nodes, edges);
        const driven = drive(plan, { inputs: new Map([['a', 'y']]), answer: textFor });
        const before = initialState(plan);
        const snapshot = structuredClone({ ...before });
        const folded = evolve(plan, before, driven.events);
        expect(structuredClone({ ...before })).toEqual(snapshot);
        expect(folded).toEqual(driven.state);
        expect(folded.seq).toBe(driven.events.length);
      }),
      { numRuns: 80 },
    );
  });

  it('an import depends on the content, not on positions or titles', () => {
    fc.assert(
      fc.property(graphs, fc.string(), ({ nodes, edges }, title) => {
        const a = importFlow(dslText(nodes, edges));
        const b = importFlow(
          dslText(
            nodes.map((node) => ({ ...node, title: `t${title}` })),
            edges,
          ),
        );
        if (!a.ok || !b.ok) throw new Error('an import failed');
        expect(b.flow.meaningHash).toBe(a.flow.meaningHash);
        expect(b.flow.version).not.toBe(a.flow.version);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a pinned start node', () => {
  const flow = flowOf(
    [
      startNode('a', 'b'),
      {
        id: 'agg',
        type: 'variable-aggregator',
        variables: [
          ['start', 'a'],
          ['start', 'b'],
        ],
      },
      end('end', { o: ['agg', 'output'] }),
    ],
    ['start -> agg', 'agg -> end'],
  );

  it.each<[string, Record<string, unknown>, Value]>([
    ['lists', { a: [], b: [1] }, []],
    ['one alone: the other does not exist', { b: 'y' }, 'y'],
    ['null', { a: null, b: 'y' }, null],
  ])('gives what it is pinned to, whatever the inputs are: %s', (_, outputs, expected) => {
    const { outputs: given } = outcomeOf(
      drive(flow.plan, { inputs: new Map([['a', 'input']]), pins: { start: { outputs: outputs as never } } }),
    );
    expect(object(given)).toEqual({ o: expected });
  });

  it('fails the run when it is pinned to an error', () => {
    expect(outcomeOf(drive(flow.plan, { pins: { 'type:start': { error: 'boom' } } }))).toMatchObject({ status: 'failed', error: 'boom' });
  });
});
