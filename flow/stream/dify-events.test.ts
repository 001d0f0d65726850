import { describe, expect, it } from 'vitest';
import { toJsonText, type Value } from '../../schemas/core.ts';
import { flowOf, startNode } from '../testing/dsl.ts';
import { drive } from '../testing/drive.ts';
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
