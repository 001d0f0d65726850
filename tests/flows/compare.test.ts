import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowOf, startNode, type TestNode } from '../../flow/testing/dsl.ts';
import { drive, fail, succeed } from '../../flow/testing/drive.ts';
import type { RunEvent } from '../../schemas/index.ts';
import { comparableEvents } from './compare.ts';

const llm = (id: string, more: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: id },
  prompt_template: [{ role: 'user', text: '{{#start.text#}}' }],
  ...more,
});
const { plan } = flowOf(
  [
    startNode('text'),
    llm('left', { retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 1 } }),
    llm('right'),
    llm('right2'),
    { id: 'join', type: 'template-transform', template: '{{ a }}', variables: [{ variable: 'a', value_selector: ['left', 'text'] }] },
    { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['join', 'output'] }] },
  ],
  ['start -> left', 'start -> right', 'right -> right2', 'left -> join', 'right2 -> join', 'join -> end'],
);

/** A run whose effects finish in the order that the numbers choose; `left` fails once. */
function run(choices: readonly number[], answers: Readonly<Record<string, string>> = {}): readonly RunEvent[] {
  let step = 0;
  return drive(plan, {
    inputs: new Map([['text', 'x']]),
    next: (waiting) => (choices[step++] ?? 0) % waiting,
    answer: ({ nodeId, attempt }) => (nodeId === 'left' && attempt === 1 ? fail('no') : succeed({ text: answers[nodeId] ?? nodeId })),
  }).events;
}
const usual = run([]);
const types = (events: readonly RunEvent[]): string =>
  events.map((event) => `${event.type} ${'nodeId' in event.data ? event.data.nodeId : ''}`).join();
const at = (type: RunEvent['type'], nodeId: string): number =>
  usual.findIndex((event) => event.type === type && 'nodeId' in event.data && event.data.nodeId === nodeId);
const swapped = (a: number, b: number): readonly RunEvent[] =>
  usual.map((event, i) => (i === a ? (usual[b] ?? event) : i === b ? (usual[a] ?? event) : event));

describe('events that are compared up to concurrent order', () => {
  it('are equal in whatever order effects finish', () => {
    const orders = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 6 }), (choices) => {
        const events = run(choices);
        orders.add(types(events));
        expect(comparableEvents(plan, events)).toEqual(comparableEvents(plan, usual));
      }),
    );
    // Else this would show nothing.
    expect(orders.size).toBeGreaterThan(3);
  });

  it('are equal when times and the run id differ, wherever they stand', () => {
    const other = usual.map((event): unknown =>
      JSON.parse(
        JSON.stringify(event)
          .replaceAll('run-1', 'run-2')
          .replace(/"at":\d+/g, '"at":99'),
      ),
    );
    expect(comparableEvents(plan, other as readonly RunEvent[])).toEqual(comparableEvents(plan, usual));
  });

  it.each([
    ['a missing event', usual.filter((_, i) => i !== at('NodeRetried', 'left'))],
    ['another answer', run([], { right2: 'other' })],
    [
      'another flow version',
      usual.map((event) => (event.type === 'RunStarted' ? { ...event, data: { ...event.data, flowVersion: 'f' } } : event)),
    ],
    ['another attempt', usual.map((event) => (event.type === 'NodeRetried' ? { ...event, data: { ...event.data, attempt: 2 } } : event))],
  ] as const)('are not equal with %s', (_, events) => {
    expect(comparableEvents(plan, events)).not.toEqual(comparableEvents(plan, usual));
  });

  it.each([
    ['a join before one of its branches', swapped(at('NodeFinished', 'right2'), at('NodeFinished', 'join')), 'finished'],
    ['a node before the one in front of it', swapped(at('NodeFinished', 'right'), at('NodeStarted', 'right2')), 'began before node right'],
    ['the end of a node before its start', swapped(at('NodeStarted', 'right2'), at('NodeFinished', 'right2')), 'finished without a start'],
    ['a retry after the end of its node', swapped(at('NodeRetried', 'left'), at('NodeFinished', 'left')), 'after it had finished'],
    ['an event twice', [...usual.slice(0, 3), usual[2], ...usual.slice(3)] as readonly RunEvent[], 'started twice'],
    ['something after the end', [...usual, usual.at(-2)] as readonly RunEvent[], 'others follow'],
    ['another start of the run', [usual[0], ...usual] as readonly RunEvent[], 'only RunStarted'],
    [
      'numbers of starts that do not count',
      usual.map((event) => (event.type === 'NodeStarted' ? { ...event, data: { ...event.data, index: 7 } } : event)),
      'index 7',
    ],
  ] as const)('are refused with %s', (_, events, message) => {
    expect(() => comparableEvents(plan, events)).toThrow(message);
  });

  it('are refused when a node of another flow is among them', () => {
    const { plan: other } = flowOf([startNode('text')], []);
    expect(() => comparableEvents(other, usual)).toThrow('the flow has no node');
  });
});
