import { describe, expect, it } from 'vitest';
import { encodeValue, toJsonText, type RunEvent, type Value } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';
import { flowOf, startNode } from '../testing/dsl.ts';
import { answerPins, drive, fail, succeed, type DriveOptions } from '../testing/drive.ts';
import { difyEvents } from './dify-events.ts';

type Plain = { readonly event: string; readonly answer?: string; readonly data?: Record<string, unknown> };

describe('difyEvents', () => {
  const flow = flowOf(
    [
      startNode('text'),
      { id: 'llm', type: 'llm', model: { provider: 'openai', name: 'm' }, prompt_template: [{ role: 'user', text: '{{#start.text#}}' }] },
      { id: 'out', type: 'answer', answer: 'said {{#llm.text#}}' },
    ],
    ['start -> llm', 'llm -> out'],
    { mode: 'advanced-chat' },
  );
  const driven = drive(flow.plan, {
    inputs: new Map([['text', 'hello']]),
    system: new Map<string, Value>([
      ['query', 'q'],
      ['n', { float: 2 }],
    ]),
    pins: { llm: { outputs: { text: 'yes' } } },
  });
  const translate = difyEvents(flow.plan);
  const lines = driven.events.flatMap((event) => translate.event(event)).map((event) => toJsonText(event));
  const events = lines.map((line) => JSON.parse(line) as Plain);

  it('begin with workflow_started and end with workflow_finished', () => {
    expect(events.map((event) => event.event)).toEqual([
      'workflow_started',
      'node_started',
      'message',
      'node_finished',
      'node_started',
      'message',
      'node_finished',
      'node_started',
      'node_finished',
      'message_end',
      'workflow_finished',
    ]);
  });
  it('number the node starts from 1 and name the node before', () => {
    const starts = events
      .filter((event) => event.event === 'node_started')
      .map((event) => [event.data?.['index'], event.data?.['node_id'], event.data?.['predecessor_node_id']]);
    expect(starts).toEqual([
      [1, 'start', null],
      [2, 'llm', 'start'],
      [3, 'out', 'llm'],
    ]);
  });
  it('show the start node with its inputs and sys variables, floats as floats', () => {
    expect(lines[3]).toContain('"sys.n":2.0');
    expect(events[3]?.data?.['outputs']).toEqual({ text: 'hello', 'sys.query': 'q', 'sys.n': 2 });
  });
  it('carry the answer and the final outputs', () => {
    expect(events.flatMap((event) => event.answer ?? [])).toEqual(['said ', 'yes']);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      outputs: { answer: 'said yes', files: [] },
      error: null,
      total_steps: 3,
    });
  });
});

type Told = { readonly event: string; readonly [key: string]: unknown; readonly data: Readonly<Record<string, unknown>> };

/** What Dify's clients are told of a run. */
function told(plan: Plan, options: DriveOptions): readonly Told[] {
  const stream = difyEvents(plan);
  return drive(plan, options)
    .events.flatMap((event) => stream.event(event))
    .map((event) => JSON.parse(toJsonText(event)) as Told);
}

describe('difyEvents of iterations and loops', () => {
  const flow = flowOf(
    [
      startNode('items'),
      { id: 'it', type: 'iteration', iterator_selector: ['made', 'list'], output_selector: ['m', 'text'], start_node_id: 'b' },
      { id: 'made', type: 'code', code_language: 'javascript', code: '', outputs: { list: { type: 'array[string]' } } },
      { id: 'b', type: 'iteration-start', parentId: 'it' },
      {
        id: 'm',
        type: 'llm',
        parentId: 'it',
        model: { provider: 'openai', name: 'm' },
        prompt_template: [{ role: 'user', text: '{{#it.item#}}' }],
      },
      { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['it', 'output'] }] },
    ],
    ['start -> made', 'made -> it', 'b -> m', 'it -> end'],
  );
  const events = told(flow.plan, {
    pins: { made: { outputs: { list: ['a', 'b'] } } },
    answer: (effect) =>
      effect.request.kind === 'pinned'
        ? answerPins(effect)
        : { ...succeed({ text: 'x' }), usage: { inputTokens: 3, outputTokens: 1, cost: 0.5, calls: 1 } },
  });

  it('have events of their own, and no node_started or node_finished', () => {
    const own = events.filter(({ data }) => data['node_id'] === 'it').map(({ event, data }) => [event, data['index']]);
    expect(own).toEqual([
      ['iteration_started', undefined],
      ['iteration_next', 0],
      ['iteration_next', 1],
      ['iteration_completed', undefined],
    ]);
  });
  it('end with what all that is within took', () => {
    const end = events.find(({ event }) => event === 'iteration_completed')?.data;
    expect(end).toMatchObject({ id: 'it', status: 'succeeded', outputs: { output: ['x', 'x'] }, steps: 2, total_tokens: 8 });
    expect(end?.['execution_metadata']).toEqual({
      total_tokens: 8,
      total_price: 1,
      currency: 'USD',
      iteration_duration_map: { 0: expect.any(Number) as number, 1: expect.any(Number) as number },
    });
  });
});

describe('difyEvents of the rest', () => {
  const llm = { type: 'llm', model: { provider: 'openai', name: 'm' }, prompt_template: [{ role: 'user', text: 'q' }] };

  it('tell of a try that failed in the form of a node that ended', () => {
    const retry_config = { retry_enabled: true, max_retries: 1, retry_interval: 1 };
    const flow = flowOf(
      [startNode(), { id: 'm', ...llm, retry_config }, { id: 'end', type: 'end', outputs: [] }],
      ['start -> m', 'm -> end'],
    );
    let tries = 0;
    const events = told(flow.plan, { answer: () => (tries++ === 0 ? fail('no') : succeed({ text: 'x' })) });
    const first = events.find(({ event, data }) => event === 'node_started' && data['node_id'] === 'm')?.data;
    expect(events.find(({ event }) => event === 'node_retry')?.data).toMatchObject({
      id: first?.['id'],
      index: 2,
      status: 'retry',
      retry_index: 1,
      error: 'no',
    });
  });

  it('show the environment with secrets masked, who ran it, and in chats the conversation everywhere', () => {
    const flow = flowOf([startNode(), { id: 'a', type: 'answer', answer: 'hi' }], ['start -> a'], { mode: 'advanced-chat' });
    const events = told(flow.plan, {
      system: new Map<string, Value>([
        ['user_id', 'ann'],
        ['conversation_id', 'c-1'],
      ]),
      environment: { PLACE: 'here', KEY: encodeValue({ secret: 'KEY', version: '1' }) },
    });
    expect(
      events.every((event) => event['conversation_id'] === 'c-1' && event['message_id'] === 'run-1' && event['created_at'] === 0),
    ).toBe(true);
    const start = events.find(({ event }) => event === 'node_finished')?.data;
    expect(start?.['outputs']).toMatchObject({ 'env.PLACE': 'here', 'env.KEY': '***' });
    expect(events.at(-1)?.data['created_by']).toEqual({ id: 'ann', user: 'ann' });
  });

  const person = {
    id: 'ask',
    type: 'human-input',
    form_content: 'Look at {{#env.KEY#}}',
    inputs: [],
    user_actions: [{ id: 'yes', title: 'Yes' }],
    timeout: 1,
    timeout_unit: 'hour',
  };
  const asking = flowOf([startNode(), person, { id: 'end', type: 'end', outputs: [] }], ['start -> ask', 'ask -> end']);
  it.each([
    ['human_input_form_filled', { __action_id: 'yes', __action_value: 'Yes', __rendered_content: 'Look' }],
    ['human_input_form_timeout', {}],
  ] as const)('tell what a person is asked, and end with %s', (end, outputs) => {
    const events = told(asking.plan, {
      environment: { KEY: encodeValue({ secret: 'KEY', version: '1' }) },
      answer: () => succeed(outputs),
    });
    const asked = events.find(({ event }) => event === 'human_input_required')?.data;
    expect(asked).toMatchObject({
      node_id: 'ask',
      form_content: 'Look at ***',
      actions: [{ id: 'yes', title: 'Yes' }],
      expiration_time: 3_600,
    });
    const kinds = events.filter(({ event, data }) => event.startsWith('human_') || data['node_id'] === 'ask').map(({ event }) => event);
    expect(kinds).toEqual(['node_started', 'human_input_required', end, 'node_finished']);
    expect(events.find(({ event }) => event === end)?.data).toMatchObject(
      end === 'human_input_form_filled' ? { action_id: 'yes', action_text: 'Yes', rendered_content: 'Look' } : { expiration_time: 3_600 },
    );
  });

  it('name the forms as the reasons of a pause', () => {
    const stream = difyEvents(asking.plan);
    const driven = drive(asking.plan, { answer: () => succeed({ __action_id: 'yes' }) }).events;
    const asked = driven.findIndex(({ type }) => type === 'NodeStarted');
    const pause: RunEvent = { type: 'RunPaused', data: { reason: 'waits for a person: ask', nodes: ['ask'], until: null, at: 2_500 } };
    const history = [...driven.slice(0, asked + 1), pause];
    const events = history.flatMap((event) => stream.event(event)).map((event) => JSON.parse(toJsonText(event)) as Told);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'paused',
      paused_nodes: ['ask'],
      reasons: [{ TYPE: 'human_input_required', node_id: 'ask', form_content: expect.stringContaining('Look') as string }],
      elapsed_time: 2.5,
      total_steps: 2,
    });
  });

  it('ask nobody where the answer is pinned', () => {
    const events = told(asking.plan, { pins: { ask: { outputs: { __action_id: 'yes' } } } });
    expect(events.filter(({ event }) => event.startsWith('human_'))).toEqual([]);
  });
});
