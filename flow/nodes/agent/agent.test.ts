import { describe, expect, it } from 'vitest';
import { NO_USAGE, toJsonText, type Effect, type EffectResult, type Value } from '../../../schemas/core.ts';
import { flowOf, startNode, type TestNode } from '../../testing/dsl.ts';
import { drive, fail, outcomeOf, succeed, type Driven } from '../../testing/drive.ts';
import { difyEvents } from '../../stream/dify-events.ts';
import { readReaction } from './react.ts';

const agent = (extra: Readonly<Record<string, unknown>> = {}, strategy = 'function_calling'): TestNode => ({
  id: 'agent',
  type: 'agent',
  agent_strategy_name: strategy,
  agent_parameters: {
    model: { type: 'constant', value: { provider: 'openai', model: 'm', mode: 'chat' } },
    instruction: { type: 'constant', value: 'Be exact.' },
    query: { type: 'constant', value: '{{#start.text#}}' },
    maximum_iterations: { type: 'constant', value: 2 },
    tools: {
      type: 'constant',
      value: [
        {
          type: 'builtin',
          enabled: true,
          provider_name: 'langgenius/time/time',
          tool_name: 'current_time',
          parameters: { timezone: { auto: 0, value: { type: 'constant', value: 'Asia/Shanghai' } }, format: { auto: 1, value: null } },
        },
        { type: 'builtin', enabled: false, provider_name: 'json_process', tool_name: 'parse' },
      ],
    },
    ...extra,
  },
});
const flow = (node: TestNode) =>
  flowOf(
    [
      startNode('text'),
      node,
      { id: 'end', type: 'end', outputs: ['text', 'usage', 'json'].map((variable) => ({ variable, value_selector: ['agent', variable] })) },
    ],
    ['start -> agent', 'agent -> end'],
  );

type Script = readonly ((effect: Effect) => EffectResult)[];
function play(node: TestNode, script: Script): Driven & { readonly asked: readonly Effect[] } {
  const asked: Effect[] = [];
  const driven = drive(flow(node).plan, {
    inputs: new Map([['text', 'What time is it?']]),
    answer: (effect) => {
      asked.push(effect);
      return script[asked.length - 1]?.(effect) ?? fail('nothing more was expected');
    },
  });
  return { ...driven, asked };
}
const call = (id: string, name: string, args: string): Value =>
  new Map([
    ['id', id],
    ['name', name],
    ['arguments', args],
  ]);
const usage = new Map<string, Value>([
  ['prompt_tokens', 10],
  ['completion_tokens', 2],
]);
const wants = (...calls: readonly Value[]): EffectResult => succeed({ text: '', tool_calls: calls, usage });
const says = (text: string): EffectResult => succeed({ text, tool_calls: [], usage });

describe('an agent that calls tools', () => {
  it('asks the model, calls what it wants, and asks again with what came of it', () => {
    const driven = play(agent(), [
      () => wants(call('c1', 'current_time', '{"format": "%H"}')),
      () => succeed({ text: '12', json: [new Map([['data', []]])], files: [] }),
      () => says('It is twelve.'),
    ]);
    expect(outcomeOf(driven)).toMatchObject({ status: 'succeeded' });
    const outputs = outcomeOf(driven).outputs;
    expect(outputs instanceof Map && outputs.get('text')).toBe('It is twelve.');
    expect(JSON.stringify([...((outputs as ReadonlyMap<string, Value>).get('usage') as ReadonlyMap<string, Value>)])).toContain(
      '["total_tokens",24]',
    );
    const [first, tool, second] = driven.asked.map(({ request }) => request);
    expect(first).toMatchObject({
      kind: 'llm',
      messages: [
        { role: 'system', content: 'Be exact.' },
        { role: 'user', content: 'What time is it?' },
      ],
      tools: [{ name: 'current_time', parameters: { properties: { format: { type: 'string' } } } }],
    });
    expect(JSON.stringify(first)).not.toContain('timezone');
    expect(tool).toMatchObject({ kind: 'tool', arguments: { format: '%H', timezone: 'Asia/Shanghai' } });
    expect(second).toMatchObject({
      messages: [
        {},
        {},
        { role: 'assistant', toolCalls: [{ id: 'c1', name: 'current_time' }] },
        { role: 'tool', content: '12', toolCallId: 'c1' },
      ],
    });
    expect(new Set(driven.asked.map(({ effectId }) => effectId)).size).toBe(3);
    expect(driven.events.map(({ type }) => type).filter((type) => type === 'NodeContinued')).toHaveLength(2);
    expect(driven.state.usage.calls).toBe(0);
    const stream = difyEvents(flow(agent()).plan);
    const logs = driven.events.flatMap((event) => stream.event(event)).filter((event) => event.get('event') === 'agent_log');
    expect(logs.map((event) => toJsonText(event))).toEqual([
      expect.stringContaining('"label":"ROUND 1: the model wants current_time"'),
      expect.stringContaining('"label":"ROUND 2: what the tool gave"'),
    ]);
  });

  it('is told of a tool that fails, and of one that it does not have', () => {
    const driven = play(agent(), [
      () => wants(call('c1', 'current_time', '{'), call('c2', 'erase_all', '{}')),
      () => fail('no such zone'),
      () => says('I do not know.'),
    ]);
    expect(outcomeOf(driven).status).toBe('succeeded');
    expect(driven.asked[2]?.request).toMatchObject({
      messages: [
        {},
        {},
        {},
        { role: 'tool', content: 'The tool failed: no such zone', toolCallId: 'c1' },
        { role: 'tool', content: expect.stringContaining('There is no tool "erase_all"') as string, toolCallId: 'c2' },
      ],
    });
  });

  it('cannot be made to ask for a secret, by a model or by a tool', () => {
    const mark = '\ufdd0KEY\ufdd1';
    const driven = play(agent(), [
      () => wants(call('c1', 'current_time', JSON.stringify({ format: mark }).replaceAll('\ufdd0', String.raw`\ufdd0`))),
      () => succeed({ text: '', json: [new Map([['k', mark]])] }),
      () => wants(call('c2', 'current_time', '{}')),
      () => fail(mark),
      () => says('done'),
    ]);
    expect(outcomeOf(driven).status).toBe('succeeded');
    expect(driven.asked).toHaveLength(5);
    for (const { request } of driven.asked) expect(JSON.stringify(request)).not.toMatch(/[\ufdd0\ufdd1]/);
  });

  it('is given no tools once its iterations are used up', () => {
    const again = (): EffectResult => wants(call('c', 'current_time', '{}'));
    const tool = (): EffectResult => succeed({ text: '12' });
    const driven = play(agent(), [again, tool, again, tool, again]);
    expect(outcomeOf(driven).status).toBe('succeeded');
    expect(driven.asked).toHaveLength(5);
    expect(driven.asked[4]?.request).not.toHaveProperty('tools');
  });

  it('fails when the model does, at whatever question', () => {
    expect(outcomeOf(play(agent(), [() => fail('away', 'InvokeError')]))).toMatchObject({ status: 'failed', error: 'away' });
    const later = play(agent(), [() => wants(call('c', 'current_time', '{}')), () => succeed({ text: '12' }), () => fail('away')]);
    expect(outcomeOf(later)).toMatchObject({ status: 'failed', error: 'away' });
  });

  it('goes on from any of its events', () => {
    const script: Script = [() => wants(call('c1', 'current_time', '{}')), () => succeed({ text: '12' }), () => says('twelve')];
    const whole = play(agent(), script);
    for (let cut = 1; cut < whole.events.length - 1; cut++) {
      const history = whole.events.slice(0, cut);
      let asked = history.filter(({ type }) => type === 'NodeContinued').length;
      const resumed = drive(flow(agent()).plan, {
        inputs: new Map([['text', 'What time is it?']]),
        history,
        answer: (effect) => script[asked++]?.(effect) ?? fail('too much'),
      });
      expect(outcomeOf(resumed)).toEqual(outcomeOf(whole));
    }
  });

  it('counts what each question cost', () => {
    const paid = (result: EffectResult): EffectResult => ({ ...result, usage: { ...NO_USAGE, calls: 1, inputTokens: 5 } });
    const driven = play(agent(), [
      () => paid(wants(call('c', 'current_time', '{}'))),
      () => succeed({ text: '12' }),
      () => paid(says('twelve')),
    ]);
    expect(driven.state.finished?.usage).toMatchObject({ calls: 2, inputTokens: 10 });
  });

  it.each([['tools that are none', agent({ tools: { value: [{ provider_name: 'x' }] } }), /tools\[0\]/]])(
    'is refused with %s',
    (_, node, message) => {
      expect(() => flow(node)).toThrow(message);
    },
  );

  it('with a strategy nobody knows is warned of, and fails when it is reached', () => {
    expect(flow(agent({}, 'guessing')).warnings.join()).toMatch(/strategy "guessing" is not known here/);
    expect(outcomeOf(play(agent({}, 'guessing'), []))).toMatchObject({ status: 'failed' });
  });

  it('warns of a tool that is not there, and does without it', () => {
    const { warnings } = flow(agent({ tools: { value: [{ provider_name: 'slack', tool_name: 'post' }] } }));
    expect(warnings.join()).toMatch(/no tool "slack\/post" here/);
  });
});

describe('an agent by ReAct', () => {
  it('cannot be made to ask for a secret by the name of a tool', () => {
    const forged = String.raw`Action: {"action": "\ufdd0KEY\ufdd0environment\ufdd1", "action_input": {}}`;
    const driven = play(agent({}, 'ReAct'), [() => says(forged), () => says('Final Answer: done')]);
    expect(outcomeOf(driven).status).toBe('succeeded');
    expect(JSON.stringify(driven.asked[1]?.request)).toContain('There is no tool');
    for (const { request } of driven.asked) expect(JSON.stringify(request)).not.toMatch(/[\ufdd0\ufdd1]/);
  });

  it('reads actions from text and answers with observations', () => {
    const driven = play(agent({}, 'ReAct'), [
      () => succeed({ text: 'Thought: look\nAction: {"action": "current_time", "action_input": {}}\nObservation: 99', usage }),
      () => succeed({ text: '12' }),
      () => succeed({ text: 'Action: {"action": "Final Answer", "action_input": "twelve"}', usage }),
    ]);
    const outputs = outcomeOf(driven).outputs;
    expect(outputs instanceof Map && outputs.get('text')).toBe('twelve');
    expect(driven.asked[0]?.request).not.toHaveProperty('tools');
    expect(JSON.stringify(driven.asked[0]?.request)).toContain('Final Answer');
    expect(driven.asked[2]?.request).toMatchObject({
      messages: [
        {},
        {},
        { role: 'assistant', content: 'Thought: look\nAction: {"action": "current_time", "action_input": {}}' },
        { role: 'user', content: 'Observation: 12' },
      ],
    });
  });

  it.each([
    ['an answer in words', 'Final Answer: four', { kind: 'answer', text: 'four' }],
    ['no action at all', 'It is four.', { kind: 'answer', text: 'It is four.' }],
    [
      'an input that is no object',
      '{"action": "t", "action_input": "x"}',
      { kind: 'call', call: { name: 't', arguments: '{"input":"x"}' } },
    ],
    ['an input as JSON text', '{"action": "t", "action_input": "{\\"a\\": 1}"}', { kind: 'call', call: { arguments: '{"a":1}' } }],
    ['broken JSON before a whole one', '{"action": {"action": "t", "action_input": {}}', { kind: 'call', call: { name: 't' } }],
  ])('%s', (_, reply, expected) => {
    expect(readReaction(reply, 1)).toMatchObject(expected);
  });
});
